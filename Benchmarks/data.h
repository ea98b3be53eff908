// SPDX-License-Identifier: GPL-3.0-or-later
// What the generator and the baseline share: Bluezone's chain by OpenSSL, one context used again and again.
#ifndef DATA_H
#define DATA_H

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { slot_seconds = 900, day_slots = 96, days = 14 };

// 2025-11-21T00:00:00Z.
static const int64_t first_day = 1763683200;

static void die(const char *why) {
  fprintf(stderr, "%s\n", why);
  exit(1);
}

// One context and one fetched algorithm, as the manual advises: EVP_DigestInit_ex with EVP_sha256() would look the
// algorithm up again each time, four times slower. Source: EVP_DigestInit(3), crypto(7) "Performance".
static void sha256(EVP_MD_CTX *context, const uint8_t *data, size_t length, uint8_t hash[32]) {
  static EVP_MD *md;
  if (!md && !(md = EVP_MD_fetch(NULL, "SHA256", NULL))) die("there is no SHA-256");
  if (!EVP_DigestInit_ex2(context, md, NULL) || !EVP_DigestUpdate(context, data, length) ||
      !EVP_DigestFinal_ex(context, hash, NULL))
    die("SHA-256 failed");
}

static void first_sub_key(EVP_MD_CTX *context, const uint8_t daily[32], uint8_t sub[32]) {
  uint8_t data[45];
  memcpy(data, daily, 32);
  memcpy(data + 32, "bluzonesubkey", 13);
  sha256(context, data, sizeof data, sub);
}

static void id_of(const uint8_t sub[32], uint8_t id[12]) {
  static const uint8_t from[12] = {0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30};
  for (int i = 0; i < 12; i++) id[i] = sub[from[i]];
}

#endif
