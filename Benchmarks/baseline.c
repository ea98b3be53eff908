// SPDX-License-Identifier: GPL-3.0-or-later
//
// baseline DATABASE JSON set|index|scan [IDS]
// Matching as one would write it first, with a tolerance of one slot, every slot expanded:
//   set    the log in a hash set, ids by OpenSSL's SHA-256 with one context
//   index  a query an id, by an index on the id (which the caller made)
//   scan   the phone app's query an id: the log read whole, ids compared as hexadecimal text
// IDS: how many ids to look up before it stops; without it all. Prints ids, matches and CPU seconds of the looking up.
#include <sqlite3.h>
#include <time.h>

#include "data.h"

struct row {
  uint8_t id[12];
  int32_t first, last;  // seconds since `first_day`
  uint32_t next;        // row of the same bucket, 0 for none
};

static struct row *rows;
static uint32_t *buckets;
static size_t row_count, bucket_count;
static sqlite3 *db;
static sqlite3_stmt *query;

static double cpu(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static size_t bucket(const uint8_t id[12]) {
  uint64_t hash;
  memcpy(&hash, id, 8);
  return (size_t)(hash % bucket_count);
}

static void read_log(void) {
  sqlite3_stmt *all;
  size_t room = 1024;
  rows = malloc(room * sizeof *rows);
  row_count = 1;
  if (sqlite3_prepare_v2(db, "SELECT slot, blid, first, last FROM plain", -1, &all, 0)) die(sqlite3_errmsg(db));
  while (sqlite3_step(all) == SQLITE_ROW) {
    if (row_count == room) rows = realloc(rows, (room *= 2) * sizeof *rows);
    struct row *row = &rows[row_count++];
    int64_t start = sqlite3_column_int64(all, 0) * slot_seconds - first_day;
    memcpy(row->id, sqlite3_column_blob(all, 1), 12);
    row->first = (int32_t)(start + sqlite3_column_int64(all, 2));
    row->last = (int32_t)(start + sqlite3_column_int64(all, 3));
  }
  sqlite3_finalize(all);
  bucket_count = row_count;
  buckets = calloc(bucket_count, sizeof *buckets);
  for (size_t i = 1; i < row_count; i++) {
    size_t b = bucket(rows[i].id);
    rows[i].next = buckets[b];
    buckets[b] = (uint32_t)i;
  }
}

// Matches of an id whose slot starts `start` seconds after `first_day`.
static long look_up(const char *how, const uint8_t id[12], int64_t start) {
  int64_t from = start - slot_seconds, to = start + 2 * slot_seconds;
  long found = 0;
  if (strcmp(how, "set") == 0) {
    for (uint32_t i = buckets[bucket(id)]; i; i = rows[i].next) {
      if (memcmp(rows[i].id, id, 12) == 0 && rows[i].last >= from && rows[i].first < to) found++;
    }
    return found;
  }
  char hex[25];
  for (int i = 0; i < 12; i++) sprintf(hex + 2 * i, "%02X", id[i]);
  if (strcmp(how, "index") == 0) sqlite3_bind_blob(query, 1, id, 12, SQLITE_STATIC);
  else sqlite3_bind_text(query, 1, hex, 24, SQLITE_STATIC);
  sqlite3_bind_int64(query, 2, from + first_day);
  sqlite3_bind_int64(query, 3, to + first_day);
  while (sqlite3_step(query) == SQLITE_ROW) found++;
  sqlite3_reset(query);
  return found;
}

int main(int argc, char **argv) {
  if (argc < 4) die("baseline DATABASE JSON set|index|scan [IDS]");
  const char *how = argv[3];
  long limit = argc > 4 ? atol(argv[4]) : -1, ids = 0, found = 0;
  if (sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, 0)) die(sqlite3_errmsg(db));
  if (strcmp(how, "set") == 0) {
    read_log();
  } else {
    const char *sql = strcmp(how, "index") == 0
                          ? "SELECT 1 FROM plain WHERE blid = ? AND slot * 900 + last >= ? AND slot * 900 + first < ?"
                          : "SELECT 1 FROM plain WHERE hex(blid) = ? AND slot * 900 + last >= ? AND slot * 900 + first < ?";
    if (sqlite3_prepare_v2(db, sql, -1, &query, 0)) die(sqlite3_errmsg(db));
  }
  double begin = cpu();

  FILE *file = fopen(argv[2], "r");
  if (!file) die("cannot read the batch");
  fseek(file, 0, SEEK_END);
  long length = ftell(file);
  rewind(file);
  char *json = malloc((size_t)length + 1);
  if (fread(json, 1, (size_t)length, file) != (size_t)length) die("cannot read the batch");
  json[length] = 0;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  for (char *at = json; ids != limit && (at = strstr(at, "\"daily_key\": \"")); at++) {
    char hex[65];
    long long start, end;
    int max;
    if (sscanf(at, "\"daily_key\": \"%64[0-9a-f]\", \"time_start\": %lld, \"max\": %d, \"time_end\": %lld", hex, &start,
               &max, &end) != 4)
      die("not the batch that `fill` writes");
    uint8_t key[32], sub[32], id[12];
    for (int i = 0; i < 32; i++) {
      unsigned byte;
      sscanf(hex + 2 * i, "%2x", &byte);
      key[i] = (uint8_t)byte;
    }
    for (int64_t day = start; day <= end; day += 86400) {
      if (day > start) sha256(context, key, 32, key);
      for (int slot = 0; slot < max && day + slot * (86400 / max) <= end && ids != limit; slot++) {
        if (slot == 0) first_sub_key(context, key, sub);
        else sha256(context, sub, 32, sub);
        id_of(sub, id);
        found += look_up(how, id, day + slot * (86400 / max) - first_day);
        ids++;
      }
    }
  }
  printf("%ld %ld %.6f\n", ids, found, cpu() - begin);
  return 0;
}
