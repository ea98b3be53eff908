// SPDX-License-Identifier: GPL-3.0-or-later
//
// fill DATABASE ROWS ENTRIES JSON all|opening
// Fills a kiosk's contact log with ROWS contacts of 14 days and writes a batch of ENTRIES cases of 14 days each. A
// hundred of the contacts (or one a case, if there are fewer) are the cases'. "opening": an office open 07:30 to 17:00 in Vietnam, six days
// a week, which is UTC slots 2 to 40.
#include <sqlite3.h>

#include "data.h"

static uint64_t state = 0x853c49e6748fea9bull;

static uint64_t next(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

static void fill_random(uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) bytes[i] = (uint8_t)(next() >> 24);
}

static int order(const void *a, const void *b) { return memcmp(a, b, 12); }

int main(int argc, char **argv) {
  if (argc != 6) die("fill DATABASE ROWS ENTRIES JSON all|opening");
  long rows = atol(argv[2]), entries = atol(argv[3]);
  int is_opening = strcmp(argv[5], "opening") == 0;
  uint8_t(*keys)[32] = malloc((size_t)entries * 32);
  fill_random(keys[0], (size_t)entries * 32);

  FILE *json = fopen(argv[4], "w");
  if (!json) die("cannot write the batch");
  fprintf(json, "{\"data\": [");
  for (long e = 0; e < entries; e++) {
    fprintf(json, "%s{\"daily_key\": \"", e ? ", " : "");
    for (int i = 0; i < 32; i++) fprintf(json, "%02x", keys[e][i]);
    fprintf(json, "\", \"time_start\": %lld, \"max\": 96, \"time_end\": %lld}", (long long)first_day,
            (long long)first_day + days * 86400 - 1);
  }
  fprintf(json, "]}\n");
  if (fclose(json)) die("cannot write the batch");
  if (rows == 0) return 0;

  int open_slots[days * day_slots], open = 0;
  for (int slot = 0; slot < days * day_slots; slot++) {
    int is_open = slot % day_slots >= 2 && slot % day_slots <= 40 && slot / day_slots % 7 != 6;
    if (!is_opening || is_open) open_slots[open++] = slot;
  }
  // The cases' contacts: case e in the open slot number e × 13.
  long visits = entries < 100 ? entries : 100;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  uint8_t(*visit_ids)[12] = malloc((size_t)visits * 12);
  for (long e = 0; e < visits; e++) {
    int slot = open_slots[e * 13 % open];
    uint8_t key[32], sub[32];
    memcpy(key, keys[e], 32);
    for (int day = 0; day < slot / day_slots; day++) sha256(context, key, 32, key);
    first_sub_key(context, key, sub);
    for (int i = 0; i < slot % day_slots; i++) sha256(context, sub, 32, sub);
    id_of(sub, visit_ids[e]);
  }

  sqlite3 *db;
  sqlite3_stmt *insert;
  if (sqlite3_open(argv[1], &db) || sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", 0, 0, 0) ||
      sqlite3_prepare_v2(db,
                         "INSERT INTO contact (slot, blid, first, last, count, nearest, rssiSum, platform) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?)", -1, &insert, 0))
    die(sqlite3_errmsg(db));
  for (int o = 0; o < open; o++) {
    long begin = rows * o / open, count = rows * (o + 1) / open - begin;
    uint8_t(*ids)[12] = malloc((size_t)(count + visits) * 12);
    fill_random(ids[0], (size_t)count * 12);
    for (long e = 0, place = 0; e < visits; e++) {
      if (e * 13 % open == o) {
        memcpy(ids[place < count ? place : count], visit_ids[e], 12);
        if (place >= count) count++;
        place++;
      }
    }
    qsort(ids, (size_t)count, 12, order);
    for (long i = 0; i < count; i++) {
      int first = (int)(next() % 600), reports = 1 + (int)(next() % 40), nearest = -50 - (int)(next() % 45);
      sqlite3_bind_int64(insert, 1, first_day / slot_seconds + open_slots[o]);
      sqlite3_bind_blob(insert, 2, ids[i], 12, SQLITE_STATIC);
      sqlite3_bind_int(insert, 3, first);
      sqlite3_bind_int(insert, 4, first + (int)(next() % 300));
      sqlite3_bind_int(insert, 5, reports);
      sqlite3_bind_int(insert, 6, nearest);
      sqlite3_bind_int(insert, 7, reports * (nearest - 6));
      sqlite3_bind_int(insert, 8, 1 + (int)(next() % 2));
      if (sqlite3_step(insert) != SQLITE_DONE) die(sqlite3_errmsg(db));
      sqlite3_reset(insert);
    }
    free(ids);
  }
  sqlite3_finalize(insert);
  if (sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", 0, 0, 0)) die(sqlite3_errmsg(db));
  sqlite3_close(db);
  return 0;
}
