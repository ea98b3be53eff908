// SPDX-License-Identifier: GPL-3.0-or-later
//
// fill DATABASE ROWS ENTRIES JSON all|opening rows|packs
// Fills a kiosk's contact log with ROWS contacts of 14 days and writes a batch of ENTRIES cases of 14 days each. A
// hundred of the contacts (or one a case, if there are fewer) are the cases'. "rows": one row a contact, in the table
// `plain`, as the baseline reads them. "packs": as the kiosk keeps them, the last four slots in rows. "opening": an office open 07:30 to 17:00 in Vietnam, six days
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

// The kiosk's packs, written from their description alone (ContactPack.swift).
enum { head = 9, pack_contacts = 4096 };

static uint8_t *put(uint8_t *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
  return at + bytes;
}

static uint64_t get(const uint8_t *at, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | at[i];
  return value;
}

static void seal(uint8_t *piece, size_t length, uint64_t kind, int64_t slot) {
  const uint64_t multiplier = 0x9e3779b97f4a7c15;
  uint64_t sum = (uint64_t)slot * multiplier ^ (uint64_t)length << 1 ^ kind;
  for (size_t at = head; at < length; at += 8) {
    sum = (sum ^ get(piece + at, length - at < 8 ? 4 : 8)) * multiplier;
    sum ^= sum >> 32;
  }
  piece[0] = 1;
  put(piece + 1, sum, 8);
}

struct contact {
  uint8_t id[12];
  int first, last, reports, nearest, sum, platform;
};

static void add_row(sqlite3_stmt *insert, int64_t slot, const struct contact *contact) {
  sqlite3_bind_int64(insert, 1, slot);
  sqlite3_bind_blob(insert, 2, contact->id, 12, SQLITE_STATIC);
  sqlite3_bind_int(insert, 3, contact->first);
  sqlite3_bind_int(insert, 4, contact->last);
  sqlite3_bind_int(insert, 5, contact->reports);
  sqlite3_bind_int(insert, 6, contact->nearest);
  sqlite3_bind_int(insert, 7, contact->sum);
  sqlite3_bind_int(insert, 8, contact->platform);
  if (sqlite3_step(insert) != SQLITE_DONE) die("cannot write a row");
  sqlite3_reset(insert);
}

static void add_pack(sqlite3_stmt *insert, int64_t slot, int part, const struct contact *contacts, long count) {
  static uint8_t ids[head + 12 * pack_contacts], facts[head + 12 * pack_contacts];
  uint8_t *id = ids + head, *fact = facts + head;
  for (long i = 0; i < count; i++) {
    const struct contact *contact = &contacts[i];
    memcpy(id, contact->id, 12);
    id += 12;
    fact = put(fact, (uint64_t)contact->first, 2);
    fact = put(fact, (uint64_t)contact->last, 2);
    fact = put(fact, (uint64_t)contact->reports, 2);
    fact = put(fact, (uint64_t)(contact->nearest + 128), 1);
    fact = put(fact, (uint64_t)contact->platform, 1);
    fact = put(fact, (uint64_t)(contact->sum + 2147483648), 4);
  }
  size_t length = (size_t)(id - ids);
  seal(ids, length, 0, slot);
  seal(facts, length, 1, slot);
  sqlite3_bind_int64(insert, 1, slot);
  sqlite3_bind_int(insert, 2, part);
  sqlite3_bind_blob(insert, 3, ids, (int)length, SQLITE_STATIC);
  sqlite3_bind_blob(insert, 4, facts, (int)length, SQLITE_STATIC);
  if (sqlite3_step(insert) != SQLITE_DONE) die("cannot write a pack");
  sqlite3_reset(insert);
}

static sqlite3_stmt *prepared(sqlite3 *db, const char *sql) {
  sqlite3_stmt *statement;
  if (sqlite3_prepare_v2(db, sql, -1, &statement, 0)) die(sqlite3_errmsg(db));
  return statement;
}

static int order(const void *a, const void *b) { return memcmp(a, b, 12); }

int main(int argc, char **argv) {
  if (argc != 7) die("fill DATABASE ROWS ENTRIES JSON all|opening rows|packs");
  long rows = atol(argv[2]), entries = atol(argv[3]);
  int is_opening = strcmp(argv[5], "opening") == 0, is_packed = strcmp(argv[6], "packs") == 0;
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
  if (sqlite3_open(argv[1], &db) || sqlite3_exec(db, "PRAGMA synchronous = OFF; BEGIN", 0, 0, 0)) die(sqlite3_errmsg(db));
  if (!is_packed &&
      sqlite3_exec(db,
                   "CREATE TABLE plain (slot INTEGER NOT NULL, blid BLOB NOT NULL, first INTEGER NOT NULL, "
                   "last INTEGER NOT NULL, count INTEGER NOT NULL, nearest INTEGER, rssiSum INTEGER NOT NULL, "
                   "platform INTEGER, PRIMARY KEY (slot, blid)) WITHOUT ROWID", 0, 0, 0))
    die(sqlite3_errmsg(db));
  sqlite3_stmt *row = prepared(db, is_packed ? "INSERT INTO contactRow VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
                                             : "INSERT INTO plain VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  sqlite3_stmt *pack = is_packed ? prepared(db, "INSERT INTO contactPack VALUES (?, ?, ?, ?)") : NULL;
  for (int o = 0; o < open; o++) {
    int64_t slot = first_day / slot_seconds + open_slots[o];
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
    struct contact *contacts = malloc((size_t)(count + 1) * sizeof *contacts);
    for (long i = 0; i < count; i++) {
      struct contact *contact = &contacts[i];
      memcpy(contact->id, ids[i], 12);
      contact->first = (int)(next() % 600);
      contact->reports = 1 + (int)(next() % 40);
      contact->nearest = -50 - (int)(next() % 45);
      contact->last = contact->first + (int)(next() % 300);
      contact->sum = contact->reports * (contact->nearest - 6);
      contact->platform = 1 + (int)(next() % 2);
    }
    if (is_packed && o < open - 4) {
      for (long i = 0; i < count; i += pack_contacts)
        add_pack(pack, slot, (int)(i / pack_contacts), contacts + i, count - i < pack_contacts ? count - i : pack_contacts);
    } else {
      for (long i = 0; i < count; i++) add_row(row, slot, &contacts[i]);
    }
    free(contacts);
    free(ids);
  }
  sqlite3_finalize(row);
  sqlite3_finalize(pack);
  if (sqlite3_exec(db, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", 0, 0, 0)) die(sqlite3_errmsg(db));
  sqlite3_close(db);
  return 0;
}
