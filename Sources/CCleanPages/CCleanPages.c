// SPDX-License-Identifier: GPL-3.0-or-later
#include "CCleanPages.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

// MARK: Pages

enum {
  header_bytes = 100,    // before the tree of the first page
  page_size_offset = 16, // in the header: bytes of a page, 1 for 65,536
  count_offset = 28,     // pages of the database
  vacuum_offset = 52,    // not 0 where a database moves its own pages (auto_vacuum)
  // With fewer pages no page that belongs to no tree begins as one of a tree does: those begin with the number of another.
  most_pages = 0x02000000,
};

static unsigned two(const unsigned char *bytes) { return (unsigned)bytes[0] << 8 | bytes[1]; }

static unsigned four(const unsigned char *bytes) { return two(bytes) << 16 | two(bytes + 2); }

// The gap of a page of a tree. Returns 0 where the page is none, or makes no sense.
static int find_gap(const unsigned char *page, int size, int is_first, int *start, int *end) {
  int tree = is_first ? header_bytes : 0;
  if (size < 512) return 0;
  int is_leaf;
  switch (page[tree]) {
  case 0x02: case 0x05: is_leaf = 0; break;
  case 0x0a: case 0x0d: is_leaf = 1; break;
  default: return 0;
  }
  *start = tree + (is_leaf ? 8 : 12) + 2 * (int)two(page + tree + 3);
  *end = (int)two(page + tree + 5);
  if (*end == 0) *end = 65536;
  return *start <= *end && *end <= size;
}

static int is_clean(const unsigned char *bytes, int count) {
  for (int i = 0; i < count; i++) {
    if (bytes[i]) return 0;
  }
  return 1;
}

int kiosk_clean_page(unsigned char *page, int size, int is_first) {
  int start, end;
  if (!find_gap(page, size, is_first, &start, &end) || is_clean(page + start, end - start)) return 0;
  memset(page + start, 0, (size_t)(end - start));
  return 1;
}

// MARK: The file

struct file {
  sqlite3_file base;
  // SQLite's own, which lies behind this structure.
  sqlite3_file *real;
};

static sqlite3_file *real(sqlite3_file *file) { return ((struct file *)file)->real; }

static int file_close(sqlite3_file *f) { return real(f)->pMethods->xClose(real(f)); }
static int file_read(sqlite3_file *f, void *bytes, int count, sqlite3_int64 offset) {
  return real(f)->pMethods->xRead(real(f), bytes, count, offset);
}

// Whether `count` bytes at `offset` are one page of a database whose pages can be told apart.
static int is_page(sqlite3_file *f, const unsigned char *bytes, int count, sqlite3_int64 offset) {
  unsigned char header[header_bytes];
  const unsigned char *first = bytes;
  if (offset != 0) {
    if (file_read(f, header, sizeof header, 0) != SQLITE_OK) return 0;
    first = header;
  } else if (count < header_bytes) {
    return 0;
  }
  int size = (int)two(first + page_size_offset);
  if (size == 1) size = 65536;
  return count == size && offset % size == 0 && offset / size < most_pages && four(first + count_offset) < most_pages
    && four(first + vacuum_offset) == 0;
}

static int file_write(sqlite3_file *f, const void *bytes, int count, sqlite3_int64 offset) {
  int start, end;
  if (!find_gap(bytes, count, offset == 0, &start, &end)
      || is_clean((const unsigned char *)bytes + start, end - start) || !is_page(f, bytes, count, offset)) {
    return real(f)->pMethods->xWrite(real(f), bytes, count, offset);
  }
  // SQLite's copy in memory stays as it is: what it holds of the gap is of no consequence.
  unsigned char *page = sqlite3_malloc(count);
  if (!page) return SQLITE_IOERR_NOMEM;
  memcpy(page, bytes, (size_t)count);
  memset(page + start, 0, (size_t)(end - start));
  int code = real(f)->pMethods->xWrite(real(f), page, count, offset);
  sqlite3_free(page);
  return code;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size) { return real(f)->pMethods->xTruncate(real(f), size); }
static int file_sync(sqlite3_file *f, int flags) { return real(f)->pMethods->xSync(real(f), flags); }
static int file_size(sqlite3_file *f, sqlite3_int64 *size) { return real(f)->pMethods->xFileSize(real(f), size); }
static int file_lock(sqlite3_file *f, int lock) { return real(f)->pMethods->xLock(real(f), lock); }
static int file_unlock(sqlite3_file *f, int lock) { return real(f)->pMethods->xUnlock(real(f), lock); }
static int file_reserved(sqlite3_file *f, int *is) { return real(f)->pMethods->xCheckReservedLock(real(f), is); }
static int file_control(sqlite3_file *f, int op, void *arg) { return real(f)->pMethods->xFileControl(real(f), op, arg); }
static int file_sector(sqlite3_file *f) { return real(f)->pMethods->xSectorSize(real(f)); }
static int file_abilities(sqlite3_file *f) { return real(f)->pMethods->xDeviceCharacteristics(real(f)); }
static int file_map(sqlite3_file *f, int page, int size, int extend, void volatile **memory) {
  return real(f)->pMethods->xShmMap(real(f), page, size, extend, memory);
}
static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags) {
  return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}
static void file_barrier(sqlite3_file *f) { real(f)->pMethods->xShmBarrier(real(f)); }
static int file_unmap(sqlite3_file *f, int is_deleted) { return real(f)->pMethods->xShmUnmap(real(f), is_deleted); }
static int file_fetch(sqlite3_file *f, sqlite3_int64 offset, int count, void **memory) {
  return real(f)->pMethods->xFetch(real(f), offset, count, memory);
}
static int file_unfetch(sqlite3_file *f, sqlite3_int64 offset, void *memory) {
  return real(f)->pMethods->xUnfetch(real(f), offset, memory);
}

// By the version of what lies below: from which on it knows shared memory, then mapped pages.
#define METHODS(version)                                                                                               \
  {version, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock,           \
   file_reserved, file_control, file_sector, file_abilities, file_map, file_shm_lock, file_barrier, file_unmap,        \
   file_fetch, file_unfetch}
static const sqlite3_io_methods methods[3] = {METHODS(1), METHODS(2), METHODS(3)};

// MARK: The file system

static sqlite3_vfs *below;

static int system_open(sqlite3_vfs *system, const char *name, sqlite3_file *f, int flags, int *out) {
  (void)system;
  // The log ahead, journals and temporary files are left as they are.
  if (!(flags & SQLITE_OPEN_MAIN_DB)) return below->xOpen(below, name, f, flags, out);
  struct file *file = (struct file *)f;
  file->real = (sqlite3_file *)(file + 1);
  file->real->pMethods = NULL;
  f->pMethods = NULL;
  int code = below->xOpen(below, name, file->real, flags, out);
  if (file->real->pMethods) {
    int version = file->real->pMethods->iVersion;
    f->pMethods = &methods[version < 1 ? 0 : version > 3 ? 2 : version - 1];
  }
  return code;
}

// What lies below finds its own data by its own structure.
static int system_delete(sqlite3_vfs *s, const char *name, int sync) { (void)s; return below->xDelete(below, name, sync); }
static int system_access(sqlite3_vfs *s, const char *name, int flags, int *out) {
  (void)s;
  return below->xAccess(below, name, flags, out);
}
static int system_full(sqlite3_vfs *s, const char *name, int count, char *out) {
  (void)s;
  return below->xFullPathname(below, name, count, out);
}
static void *system_dl_open(sqlite3_vfs *s, const char *name) { (void)s; return below->xDlOpen(below, name); }
static void system_dl_error(sqlite3_vfs *s, int count, char *out) { (void)s; below->xDlError(below, count, out); }
static void (*system_dl_symbol(sqlite3_vfs *s, void *library, const char *name))(void) {
  (void)s;
  return below->xDlSym(below, library, name);
}
static void system_dl_close(sqlite3_vfs *s, void *library) { (void)s; below->xDlClose(below, library); }
static int system_random(sqlite3_vfs *s, int count, char *out) { (void)s; return below->xRandomness(below, count, out); }
static int system_sleep(sqlite3_vfs *s, int microseconds) { (void)s; return below->xSleep(below, microseconds); }
static int system_time(sqlite3_vfs *s, double *out) { (void)s; return below->xCurrentTime(below, out); }
static int system_error(sqlite3_vfs *s, int count, char *out) {
  (void)s;
  return below->xGetLastError(below, count, out);
}
static int system_time_64(sqlite3_vfs *s, sqlite3_int64 *out) {
  (void)s;
  return below->xCurrentTimeInt64(below, out);
}

static sqlite3_vfs clean = {
  .zName = "kiosk-clean-pages",
  .xOpen = system_open,
  .xDelete = system_delete,
  .xAccess = system_access,
  .xFullPathname = system_full,
  .xDlOpen = system_dl_open,
  .xDlError = system_dl_error,
  .xDlSym = system_dl_symbol,
  .xDlClose = system_dl_close,
  .xRandomness = system_random,
  .xSleep = system_sleep,
  .xCurrentTime = system_time,
  .xGetLastError = system_error,
  .xCurrentTimeInt64 = system_time_64,
};

static int code = SQLITE_OK;

static void put_in_place(void) {
  code = sqlite3_initialize();
  if (code != SQLITE_OK) return;
  below = sqlite3_vfs_find(NULL);
  if (!below) {
    code = SQLITE_ERROR;
    return;
  }
  // Of version 3 only what replaces system calls is left out: nobody here does.
  clean.iVersion = below->iVersion < 2 ? 1 : 2;
  clean.szOsFile = (int)sizeof(struct file) + below->szOsFile;
  clean.mxPathname = below->mxPathname;
  code = sqlite3_vfs_register(&clean, 1);
}

int kiosk_clean_pages(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, put_in_place);
  return code;
}
