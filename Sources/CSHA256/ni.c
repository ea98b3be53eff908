// SPDX-License-Identifier: GPL-3.0-or-later
//
// SHA extensions of x86-64. One chain waits for each SHA256RNDS2 (4 cycles and more); four chains side by side keep the
// unit busy.
#if defined(__x86_64__)
#include <immintrin.h>

#include "paths.h"

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define CHAINS 4

// A hash as the instructions hold it: words A B E F, and C D G H, the last one lowest.
struct states {
  __m128i abef[CHAINS], cdgh[CHAINS];
};

// Words 0 to 3 and 4 to 7 of a message, the first one lowest.
struct messages {
  __m128i low[CHAINS], high[CHAINS];
};

// Four rounds of each chain; `w` is their part of the message schedule.
#define ROUNDS(group, w) \
  do { \
    const __m128i k = _mm_loadu_si128((const __m128i *)(kiosk_sha_k + 4 * (group))); \
    for (int c = 0; c < CHAINS; c++) { \
      __m128i sum = _mm_add_epi32((w)[c], k); \
      cdgh[c] = _mm_sha256rnds2_epu32(cdgh[c], abef[c], sum); \
      abef[c] = _mm_sha256rnds2_epu32(abef[c], cdgh[c], _mm_shuffle_epi32(sum, 0x0E)); \
    } \
  } while (0)

// The next part of the schedule, in the place of the oldest, `w0`.
#define EXTEND(w0, w1, w2, w3) \
  do { \
    for (int c = 0; c < CHAINS; c++) { \
      __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32((w0)[c], (w1)[c]), _mm_alignr_epi8((w3)[c], (w2)[c], 4)); \
      (w0)[c] = _mm_sha256msg2_epu32(sum, (w3)[c]); \
    } \
  } while (0)

TARGET static inline __attribute__((always_inline)) struct states hash(struct messages m, const uint32_t tail[8]) {
  const __m128i *iv = (const __m128i *)kiosk_sha_iv;
  const __m128i abcd = _mm_loadu_si128(iv), efgh = _mm_loadu_si128(iv + 1);
  const __m128i iv0 = _mm_shuffle_epi32(_mm_unpacklo_epi64(efgh, abcd), 0xB1);
  const __m128i iv1 = _mm_shuffle_epi32(_mm_unpackhi_epi64(efgh, abcd), 0xB1);
  __m128i abef[CHAINS], cdgh[CHAINS], w0[CHAINS], w1[CHAINS], w2[CHAINS], w3[CHAINS];
  for (int c = 0; c < CHAINS; c++) {
    abef[c] = iv0;
    cdgh[c] = iv1;
    w0[c] = m.low[c];
    w1[c] = m.high[c];
    w2[c] = _mm_loadu_si128((const __m128i *)tail);
    w3[c] = _mm_loadu_si128((const __m128i *)(tail + 4));
  }
  ROUNDS(0, w0);
  ROUNDS(1, w1);
  ROUNDS(2, w2);
  ROUNDS(3, w3);
  EXTEND(w0, w1, w2, w3);
  ROUNDS(4, w0);
  EXTEND(w1, w2, w3, w0);
  ROUNDS(5, w1);
  EXTEND(w2, w3, w0, w1);
  ROUNDS(6, w2);
  EXTEND(w3, w0, w1, w2);
  ROUNDS(7, w3);
  EXTEND(w0, w1, w2, w3);
  ROUNDS(8, w0);
  EXTEND(w1, w2, w3, w0);
  ROUNDS(9, w1);
  EXTEND(w2, w3, w0, w1);
  ROUNDS(10, w2);
  EXTEND(w3, w0, w1, w2);
  ROUNDS(11, w3);
  EXTEND(w0, w1, w2, w3);
  ROUNDS(12, w0);
  EXTEND(w1, w2, w3, w0);
  ROUNDS(13, w1);
  EXTEND(w2, w3, w0, w1);
  ROUNDS(14, w2);
  EXTEND(w3, w0, w1, w2);
  ROUNDS(15, w3);
  struct states s;
  for (int c = 0; c < CHAINS; c++) {
    s.abef[c] = _mm_add_epi32(abef[c], iv0);
    s.cdgh[c] = _mm_add_epi32(cdgh[c], iv1);
  }
  return s;
}

// A hash as the next message.
TARGET static inline __attribute__((always_inline)) struct messages message(struct states s) {
  struct messages m;
  for (int c = 0; c < CHAINS; c++) {
    m.low[c] = _mm_shuffle_epi32(_mm_unpackhi_epi64(s.abef[c], s.cdgh[c]), 0xB1);
    m.high[c] = _mm_shuffle_epi32(_mm_unpacklo_epi64(s.abef[c], s.cdgh[c]), 0xB1);
  }
  return m;
}

// Which chain a lane works on: the last lanes may do the last chain again.
static inline size_t chain(size_t first, int lane, size_t count) {
  return first + (size_t)lane < count ? first + (size_t)lane : count - 1;
}

TARGET static inline __attribute__((always_inline)) struct messages load(
    const uint32_t *keys, size_t first, size_t count) {
  struct messages m;
  for (int c = 0; c < CHAINS; c++) {
    const __m128i *key = (const __m128i *)(keys + KIOSK_KEY_WORDS * chain(first, c, count));
    m.low[c] = _mm_loadu_si128(key);
    m.high[c] = _mm_loadu_si128(key + 1);
  }
  return m;
}

// Two numbers an id: its bytes are bytes 0, 4, 8, 12, 16, 18, 20, 22 and 24, 26, 28, 30 of the hash.
TARGET static inline __attribute__((always_inline)) void store(
    struct states s, size_t first, size_t count, size_t slots, size_t slot, uint64_t *ids) {
  const __m128i from_abef = _mm_setr_epi8(1, 3, 5, 7, -1, -1, 11, 15, -1, -1, -1, -1, -1, -1, -1, -1);
  const __m128i from_cdgh = _mm_setr_epi8(-1, -1, -1, -1, 11, 15, -1, -1, 1, 3, 5, 7, -1, -1, -1, -1);
  for (int c = 0; c < CHAINS; c++) {
    __m128i id = _mm_or_si128(_mm_shuffle_epi8(s.abef[c], from_abef), _mm_shuffle_epi8(s.cdgh[c], from_cdgh));
    _mm_storeu_si128((__m128i *)(ids + 2 * (chain(first, c, count) * slots + slot)), id);
  }
}

TARGET void kiosk_sha_next_ni(uint32_t *keys, size_t count) {
  for (size_t first = 0; first < count; first += CHAINS) {
    struct messages m = message(hash(load(keys, first, count), kiosk_sha_tail_key));
    for (int c = 0; c < CHAINS && first + (size_t)c < count; c++) {
      __m128i *key = (__m128i *)(keys + KIOSK_KEY_WORDS * (first + (size_t)c));
      _mm_storeu_si128(key, m.low[c]);
      _mm_storeu_si128(key + 1, m.high[c]);
    }
  }
}

TARGET void kiosk_sha_walk_ni(const uint32_t *keys, size_t count, size_t slots, uint64_t *ids) {
  for (size_t first = 0; first < count; first += CHAINS) {
    struct states s = hash(load(keys, first, count), kiosk_sha_tail_first);
    store(s, first, count, slots, 0, ids);
    for (size_t slot = 1; slot < slots; slot++) {
      s = hash(message(s), kiosk_sha_tail_key);
      store(s, first, count, slots, slot, ids);
    }
  }
}
#endif
