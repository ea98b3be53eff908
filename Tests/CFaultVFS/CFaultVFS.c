// SPDX-License-Identifier: GPL-3.0-or-later

#include "CFaultVFS.h"

#include <pthread.h>
#include <sqlite3.h>
#include <string.h>

static sqlite3_vfs *real;
static sqlite3_vfs own;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  uint32_t calls;
  int64_t nth, taken, failed;
  int stays;
  enum fault_kind kind;
  int64_t counts[fault_calls];
} plan;

struct file {
  sqlite3_file base;
  int is_watched;
  // The real one lies behind.
};

static sqlite3_file *inner(sqlite3_file *file) { return (sqlite3_file *)((struct file *)file + 1); }

static int is_watched(const char *path) { return path && strstr(path, "/fault-vfs/") != 0; }

// Whether this call fails.
static int fails(int watched, enum fault_call call) {
  if (!watched) return 0;
  pthread_mutex_lock(&lock);
  plan.counts[call]++;
  int result = 0;
  if (plan.nth > 0 && plan.calls & 1u << call) {
    plan.taken++;
    result = plan.taken == plan.nth || (plan.stays && plan.taken > plan.nth);
    plan.failed += result;
  }
  pthread_mutex_unlock(&lock);
  return result;
}

static int is_short(void) { return plan.kind == fault_short; }

#define WATCHED(file) (((struct file *)(file))->is_watched)
#define METHODS(file) (inner(file)->pMethods)

static int x_close(sqlite3_file *file) { return METHODS(file)->xClose(inner(file)); }

static int x_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  if (!fails(WATCHED(file), fault_read)) return METHODS(file)->xRead(inner(file), bytes, count, offset);
  if (!is_short()) return SQLITE_IOERR_READ;
  memset(bytes, 0, (size_t)count);
  return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset) {
  if (!fails(WATCHED(file), fault_write)) return METHODS(file)->xWrite(inner(file), bytes, count, offset);
  // A part of it has come to the disk.
  if (count > 1) METHODS(file)->xWrite(inner(file), bytes, count / 2, offset);
  return is_short() ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int x_truncate(sqlite3_file *file, sqlite3_int64 size) {
  return fails(WATCHED(file), fault_truncate) ? SQLITE_IOERR_TRUNCATE : METHODS(file)->xTruncate(inner(file), size);
}

static int x_sync(sqlite3_file *file, int flags) {
  return fails(WATCHED(file), fault_sync) ? SQLITE_IOERR_FSYNC : METHODS(file)->xSync(inner(file), flags);
}

static int x_file_size(sqlite3_file *file, sqlite3_int64 *size) {
  return fails(WATCHED(file), fault_file_size) ? SQLITE_IOERR_FSTAT : METHODS(file)->xFileSize(inner(file), size);
}

static int x_lock(sqlite3_file *file, int level) { return METHODS(file)->xLock(inner(file), level); }
static int x_unlock(sqlite3_file *file, int level) { return METHODS(file)->xUnlock(inner(file), level); }
static int x_check_lock(sqlite3_file *file, int *result) {
  return METHODS(file)->xCheckReservedLock(inner(file), result);
}
static int x_control(sqlite3_file *file, int operation, void *argument) {
  return METHODS(file)->xFileControl(inner(file), operation, argument);
}
static int x_sector(sqlite3_file *file) { return METHODS(file)->xSectorSize(inner(file)); }
static int x_device(sqlite3_file *file) { return METHODS(file)->xDeviceCharacteristics(inner(file)); }

static int x_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **memory) {
  if (fails(WATCHED(file), fault_shm_map)) {
    *memory = 0;
    return SQLITE_IOERR_SHMMAP;
  }
  return METHODS(file)->xShmMap(inner(file), page, size, extend, memory);
}
static int x_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
  // What is held can always be given back.
  if (flags & SQLITE_SHM_LOCK && fails(WATCHED(file), fault_shm_lock)) return SQLITE_IOERR_SHMLOCK;
  return METHODS(file)->xShmLock(inner(file), offset, count, flags);
}
static void x_shm_barrier(sqlite3_file *file) { METHODS(file)->xShmBarrier(inner(file)); }
static int x_shm_unmap(sqlite3_file *file, int remove) { return METHODS(file)->xShmUnmap(inner(file), remove); }

static int x_fetch(sqlite3_file *file, sqlite3_int64 offset, int count, void **memory) {
  if (fails(WATCHED(file), fault_fetch)) {
    *memory = 0;
    return SQLITE_IOERR_MMAP;
  }
  return METHODS(file)->xFetch(inner(file), offset, count, memory);
}
static int x_unfetch(sqlite3_file *file, sqlite3_int64 offset, void *memory) {
  return METHODS(file)->xUnfetch(inner(file), offset, memory);
}

static const sqlite3_io_methods methods = {
    3,           x_close,        x_read,    x_write,  x_truncate, x_sync,    x_file_size,   x_lock,      x_unlock,
    x_check_lock, x_control,     x_sector,  x_device, x_shm_map,  x_shm_lock, x_shm_barrier, x_shm_unmap, x_fetch,
    x_unfetch};

static int x_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags, int *out) {
  (void)vfs;
  file->pMethods = 0;
  WATCHED(file) = is_watched(path);
  if (fails(WATCHED(file), fault_open)) return SQLITE_CANTOPEN;
  int code = real->xOpen(real, path, inner(file), flags, out);
  if (inner(file)->pMethods) file->pMethods = &methods;
  return code;
}

static int x_delete(sqlite3_vfs *vfs, const char *path, int sync) {
  (void)vfs;
  return fails(is_watched(path), fault_delete) ? SQLITE_IOERR_DELETE : real->xDelete(real, path, sync);
}

static int x_access(sqlite3_vfs *vfs, const char *path, int flags, int *result) {
  (void)vfs;
  return fails(is_watched(path), fault_access) ? SQLITE_IOERR_ACCESS : real->xAccess(real, path, flags, result);
}

int fault_vfs_install(void) {
  pthread_mutex_lock(&lock);
  int code = SQLITE_OK;
  if (!real && sqlite3_initialize() == SQLITE_OK && (real = sqlite3_vfs_find(0))) {
    own = *real;
    own.pNext = 0;
    own.zName = "fault";
    own.szOsFile = (int)sizeof(struct file) + real->szOsFile;
    own.xOpen = x_open;
    own.xDelete = x_delete;
    own.xAccess = x_access;
    code = sqlite3_vfs_register(&own, 1);
  }
  pthread_mutex_unlock(&lock);
  return real ? code : SQLITE_ERROR;
}

void fault_vfs_plan(uint32_t calls, int64_t nth, int stays, enum fault_kind kind) {
  pthread_mutex_lock(&lock);
  memset(&plan, 0, sizeof plan);
  plan.calls = calls;
  plan.nth = nth;
  plan.stays = stays;
  plan.kind = kind;
  pthread_mutex_unlock(&lock);
}

int64_t fault_vfs_count(enum fault_call call) {
  pthread_mutex_lock(&lock);
  int64_t count = plan.counts[call];
  pthread_mutex_unlock(&lock);
  return count;
}

int64_t fault_vfs_failed(void) {
  pthread_mutex_lock(&lock);
  int64_t failed = plan.failed;
  pthread_mutex_unlock(&lock);
  return failed;
}
