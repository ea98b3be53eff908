// SPDX-License-Identifier: GPL-3.0-or-later
#ifndef CSHA256_PATHS_H
#define CSHA256_PATHS_H

#include "CSHA256.h"

// One path's two functions; `count` and `slots` are at least 1.
#define KIOSK_SHA_DECLARE(name) \
  void kiosk_sha_next_##name(uint32_t *keys, size_t count); \
  void kiosk_sha_walk_##name(const uint32_t *keys, size_t count, size_t slots, uint64_t *ids);

KIOSK_SHA_DECLARE(ni)
KIOSK_SHA_DECLARE(avx512)
KIOSK_SHA_DECLARE(avx2)
KIOSK_SHA_DECLARE(arm)
KIOSK_SHA_DECLARE(neon)

// Source: FIPS 180-4, 4.2.2 and 5.3.3.
extern const uint32_t kiosk_sha_k[64];
extern const uint32_t kiosk_sha_iv[8];

// The second half of the only block: what follows a message of 32 bytes, and the suffix of a daily key with what
// follows 45. Source: FIPS 180-4, 5.1.1; docs/bluezone.md, Identifiers (`bluzonesubkey`).
extern const uint32_t kiosk_sha_tail_key[8];
extern const uint32_t kiosk_sha_tail_first[8];

#endif
