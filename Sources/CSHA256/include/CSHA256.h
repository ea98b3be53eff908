// SPDX-License-Identifier: GPL-3.0-or-later
//
// Bluezone's key chains in bulk: SHA-256 of messages of one block, many chains at a time, by the fastest means of the
// processor. Nothing here is for any other use: the messages are 32 bytes (a key), or 45 (a daily key and its suffix).
// Source: FIPS 180-4; Intel SDM volume 2 (SHA256RNDS2, SHA256MSG1, SHA256MSG2); Arm ARM, C7 (SHA256H, SHA256SU0).
#ifndef CSHA256_H
#define CSHA256_H

#include <stddef.h>
#include <stdint.h>

// Ways to hash, the fastest first.
enum kiosk_sha_path {
  KIOSK_SHA_NI = 1,      // x86-64 with SHA extensions, four chains interleaved
  KIOSK_SHA_AVX512 = 2,  // sixteen lanes
  KIOSK_SHA_AVX2 = 3,    // eight lanes
  KIOSK_SHA_ARM = 4,     // arm64 with the SHA-256 instructions, four chains interleaved
  KIOSK_SHA_NEON = 5,    // four lanes
};

// Words of a key: its bytes 4i to 4i + 3 make word i, the first of them highest.
#define KIOSK_KEY_WORDS 8

// Whether this processor has a path.
int kiosk_sha_has(enum kiosk_sha_path path);

// Replaces each of `count` keys by its SHA-256.
void kiosk_sha_next(enum kiosk_sha_path path, uint32_t *keys, size_t count);

// Walks `slots` sub keys of each of `count` daily keys and gives their ids: two numbers an id, bytes 0 to 7 with the
// first highest, then bytes 8 to 11. Those of key k begin at `ids + 2 * k * slots`.
void kiosk_sha_walk(enum kiosk_sha_path path, const uint32_t *keys, size_t count, size_t slots, uint64_t *ids);

#endif
