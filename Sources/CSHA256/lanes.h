// SPDX-License-Identifier: GPL-3.0-or-later
//
// One chain a lane of a vector register, for processors without SHA instructions. Included once a width, with LANES,
// TARGET and NAME(function) defined. Source: FIPS 180-4, 4.1.2 and 6.2.2.
#include <string.h>

#include "paths.h"

typedef uint32_t vec __attribute__((vector_size(4 * LANES)));

// The eight words of a hash or message, of all lanes.
struct words {
  vec v[8];
};

#define ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))

// Round t of a b c d e f g h, whose names the next round turns by one.
#define ROUND(a, b, c, d, e, f, g, h, t, wt) \
  do { \
    vec t1 = h + (ROTATE(e, 6) ^ ROTATE(e, 11) ^ ROTATE(e, 25)) + ((e & f) ^ (~e & g)) + kiosk_sha_k[t] + (wt); \
    vec t2 = (ROTATE(a, 2) ^ ROTATE(a, 13) ^ ROTATE(a, 22)) + ((a & b) | (c & (a | b))); \
    d += t1; \
    h = t1 + t2; \
  } while (0)

#define EIGHT(t, i) \
  do { \
    ROUND(a, b, c, d, e, f, g, h, (t) + 0, w[(i) + 0]); \
    ROUND(h, a, b, c, d, e, f, g, (t) + 1, w[(i) + 1]); \
    ROUND(g, h, a, b, c, d, e, f, (t) + 2, w[(i) + 2]); \
    ROUND(f, g, h, a, b, c, d, e, (t) + 3, w[(i) + 3]); \
    ROUND(e, f, g, h, a, b, c, d, (t) + 4, w[(i) + 4]); \
    ROUND(d, e, f, g, h, a, b, c, (t) + 5, w[(i) + 5]); \
    ROUND(c, d, e, f, g, h, a, b, (t) + 6, w[(i) + 6]); \
    ROUND(b, c, d, e, f, g, h, a, (t) + 7, w[(i) + 7]); \
  } while (0)

TARGET static inline __attribute__((always_inline)) struct words hash(struct words m, const uint32_t tail[8]) {
  const uint32_t *iv = kiosk_sha_iv;
  vec w[16];
  for (int i = 0; i < 8; i++) {
    w[i] = m.v[i];
    w[8 + i] = (vec){0} + tail[i];
  }
  vec a = (vec){0} + iv[0], b = (vec){0} + iv[1], c = (vec){0} + iv[2], d = (vec){0} + iv[3];
  vec e = (vec){0} + iv[4], f = (vec){0} + iv[5], g = (vec){0} + iv[6], h = (vec){0} + iv[7];
  EIGHT(0, 0);
  EIGHT(8, 8);
  for (int t = 16; t < 64; t += 16) {
    for (int i = 0; i < 16; i++) {
      vec x = w[(i + 1) & 15], y = w[(i + 14) & 15];
      w[i] += (ROTATE(x, 7) ^ ROTATE(x, 18) ^ x >> 3) + w[(i + 9) & 15] + (ROTATE(y, 17) ^ ROTATE(y, 19) ^ y >> 10);
    }
    EIGHT(t, 0);
    EIGHT(t + 8, 8);
  }
  return (struct words){{a + iv[0], b + iv[1], c + iv[2], d + iv[3], e + iv[4], f + iv[5], g + iv[6], h + iv[7]}};
}

// Which chain a lane works on: the last lanes may do the last chain again.
static inline size_t chain(size_t first, int lane, size_t count) {
  return first + (size_t)lane < count ? first + (size_t)lane : count - 1;
}

TARGET static inline __attribute__((always_inline)) struct words load(
    const uint32_t *keys, size_t first, size_t count) {
  uint32_t turned[8][LANES];
  for (int lane = 0; lane < LANES; lane++) {
    const uint32_t *key = keys + KIOSK_KEY_WORDS * chain(first, lane, count);
    for (int i = 0; i < 8; i++) turned[i][lane] = key[i];
  }
  struct words m;
  memcpy(&m, turned, sizeof m);
  return m;
}

// Two numbers an id: its bytes are bytes 0, 4, 8, 12, 16, 18, 20, 22 and 24, 26, 28, 30 of the hash.
TARGET static inline __attribute__((always_inline)) void store(
    struct words h, size_t first, size_t count, size_t slots, size_t slot, uint64_t *ids) {
  const vec *v = h.v;
  vec top = (v[0] >> 24 << 24) | (v[1] >> 24 << 16) | (v[2] >> 24 << 8) | v[3] >> 24;
  vec middle = (v[4] >> 24 << 24) | (v[4] >> 8 & 255) << 16 | (v[5] >> 24 << 8) | (v[5] >> 8 & 255);
  vec low = (v[6] >> 24 << 24) | (v[6] >> 8 & 255) << 16 | (v[7] >> 24 << 8) | (v[7] >> 8 & 255);
  for (int lane = 0; lane < LANES; lane++) {
    uint64_t *id = ids + 2 * (chain(first, lane, count) * slots + slot);
    id[0] = (uint64_t)top[lane] << 32 | middle[lane];
    id[1] = low[lane];
  }
}

TARGET void NAME(kiosk_sha_next_)(uint32_t *keys, size_t count) {
  for (size_t first = 0; first < count; first += LANES) {
    struct words h = hash(load(keys, first, count), kiosk_sha_tail_key);
    for (int lane = 0; lane < LANES && first + (size_t)lane < count; lane++) {
      for (int i = 0; i < 8; i++) keys[KIOSK_KEY_WORDS * (first + (size_t)lane) + (size_t)i] = h.v[i][lane];
    }
  }
}

TARGET void NAME(kiosk_sha_walk_)(const uint32_t *keys, size_t count, size_t slots, uint64_t *ids) {
  for (size_t first = 0; first < count; first += LANES) {
    struct words h = hash(load(keys, first, count), kiosk_sha_tail_first);
    store(h, first, count, slots, 0, ids);
    for (size_t slot = 1; slot < slots; slot++) {
      h = hash(h, kiosk_sha_tail_key);
      store(h, first, count, slots, slot, ids);
    }
  }
}
