// SPDX-License-Identifier: GPL-3.0-or-later
//
// The SHA-256 instructions of arm64 (Cortex-A76 of a Pi 5, not the A53 and A72 of earlier ones). Four chains side by side:
// one alone waits for each SHA256H.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "paths.h"

#if defined(__clang__)
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define CHAINS 4

// Words 0 to 3 and 4 to 7 of a hash or message.
struct halves {
  uint32x4_t low[CHAINS], high[CHAINS];
};

#define ROUNDS(group, w) \
  do { \
    const uint32x4_t k = vld1q_u32(kiosk_sha_k + 4 * (group)); \
    for (int c = 0; c < CHAINS; c++) { \
      uint32x4_t sum = vaddq_u32((w)[c], k), before = abcd[c]; \
      abcd[c] = vsha256hq_u32(abcd[c], efgh[c], sum); \
      efgh[c] = vsha256h2q_u32(efgh[c], before, sum); \
    } \
  } while (0)

#define EXTEND(w0, w1, w2, w3) \
  do { \
    for (int c = 0; c < CHAINS; c++) { \
      (w0)[c] = vsha256su1q_u32(vsha256su0q_u32((w0)[c], (w1)[c]), (w2)[c], (w3)[c]); \
    } \
  } while (0)

TARGET static inline __attribute__((always_inline)) struct halves hash(struct halves m, const uint32_t tail[8]) {
  const uint32x4_t iv0 = vld1q_u32(kiosk_sha_iv), iv1 = vld1q_u32(kiosk_sha_iv + 4);
  uint32x4_t abcd[CHAINS], efgh[CHAINS], w0[CHAINS], w1[CHAINS], w2[CHAINS], w3[CHAINS];
  for (int c = 0; c < CHAINS; c++) {
    abcd[c] = iv0;
    efgh[c] = iv1;
    w0[c] = m.low[c];
    w1[c] = m.high[c];
    w2[c] = vld1q_u32(tail);
    w3[c] = vld1q_u32(tail + 4);
  }
  ROUNDS(0, w0);
  ROUNDS(1, w1);
  ROUNDS(2, w2);
  ROUNDS(3, w3);
  for (int group = 4; group < 16; group += 4) {
    EXTEND(w0, w1, w2, w3);
    ROUNDS(group, w0);
    EXTEND(w1, w2, w3, w0);
    ROUNDS(group + 1, w1);
    EXTEND(w2, w3, w0, w1);
    ROUNDS(group + 2, w2);
    EXTEND(w3, w0, w1, w2);
    ROUNDS(group + 3, w3);
  }
  for (int c = 0; c < CHAINS; c++) {
    m.low[c] = vaddq_u32(abcd[c], iv0);
    m.high[c] = vaddq_u32(efgh[c], iv1);
  }
  return m;
}

// Which chain a lane works on: the last lanes may do the last chain again.
static inline size_t chain(size_t first, int lane, size_t count) {
  return first + (size_t)lane < count ? first + (size_t)lane : count - 1;
}

TARGET static inline __attribute__((always_inline)) struct halves load(
    const uint32_t *keys, size_t first, size_t count) {
  struct halves m;
  for (int c = 0; c < CHAINS; c++) {
    const uint32_t *key = keys + KIOSK_KEY_WORDS * chain(first, c, count);
    m.low[c] = vld1q_u32(key);
    m.high[c] = vld1q_u32(key + 4);
  }
  return m;
}

// Two numbers an id: its bytes are bytes 0, 4, 8, 12, 16, 18, 20, 22 and 24, 26, 28, 30 of the hash, which lie in
// bytes 3, 7, 11, 15 and 19, 17, 23, 21, 27, 25, 31, 29 of the registers.
TARGET static inline __attribute__((always_inline)) void store(
    struct halves h, size_t first, size_t count, size_t slots, size_t slot, uint64_t *ids) {
  static const uint8_t places[16] = {21, 23, 17, 19, 15, 11, 7, 3, 29, 31, 25, 27, 255, 255, 255, 255};
  const uint8x16_t table = vld1q_u8(places);
  for (int c = 0; c < CHAINS; c++) {
    uint8x16x2_t both = {{vreinterpretq_u8_u32(h.low[c]), vreinterpretq_u8_u32(h.high[c])}};
    uint64x2_t id = vreinterpretq_u64_u8(vqtbl2q_u8(both, table));
    vst1q_u64(ids + 2 * (chain(first, c, count) * slots + slot), id);
  }
}

TARGET void kiosk_sha_next_arm(uint32_t *keys, size_t count) {
  for (size_t first = 0; first < count; first += CHAINS) {
    struct halves h = hash(load(keys, first, count), kiosk_sha_tail_key);
    for (int c = 0; c < CHAINS && first + (size_t)c < count; c++) {
      uint32_t *key = keys + KIOSK_KEY_WORDS * (first + (size_t)c);
      vst1q_u32(key, h.low[c]);
      vst1q_u32(key + 4, h.high[c]);
    }
  }
}

TARGET void kiosk_sha_walk_arm(const uint32_t *keys, size_t count, size_t slots, uint64_t *ids) {
  for (size_t first = 0; first < count; first += CHAINS) {
    struct halves h = hash(load(keys, first, count), kiosk_sha_tail_first);
    store(h, first, count, slots, 0, ids);
    for (size_t slot = 1; slot < slots; slot++) {
      h = hash(h, kiosk_sha_tail_key);
      store(h, first, count, slots, slot, ids);
    }
  }
}
#endif
