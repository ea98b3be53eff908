// SPDX-License-Identifier: GPL-3.0-or-later
//
// Prints what each path of this processor makes of the daily keys on stdin (64 hexadecimal digits a line):
//   next PATH KEY            once a key
//   walk PATH KEY SLOT ID    once a slot
// and, with --speed, millions of ids a second instead. scripts/check-sha-arm64 compares with another's SHA-256.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "CSHA256.h"

static const struct {
  enum kiosk_sha_path path;
  const char *name;
} paths[] = {
    {KIOSK_SHA_NI, "sha-ni"}, {KIOSK_SHA_AVX512, "avx512"}, {KIOSK_SHA_AVX2, "avx2"},
    {KIOSK_SHA_ARM, "arm"},   {KIOSK_SHA_NEON, "neon"},
};
#define PATHS (sizeof paths / sizeof *paths)

enum { most_keys = 64, slots = 96 };

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void speed(enum kiosk_sha_path path, const char *name) {
  static uint32_t keys[most_keys * KIOSK_KEY_WORDS];
  static uint64_t ids[most_keys * slots * 2];
  double begin = seconds(), passed = 0;
  uint64_t made = 0;
  while ((passed = seconds() - begin) < 0.5) {
    kiosk_sha_walk(path, keys, most_keys, slots, ids);
    made += most_keys * slots;
  }
  printf("%s %.1f million ids/s\n", name, (double)made / passed / 1e6);
}

int main(int argc, char **argv) {
  int is_speed = argc > 1 && strcmp(argv[1], "--speed") == 0;
  static uint32_t keys[most_keys * KIOSK_KEY_WORDS];
  size_t count = 0;
  for (char line[80]; !is_speed && count < most_keys && fgets(line, sizeof line, stdin); count++) {
    for (int i = 0; i < KIOSK_KEY_WORDS; i++) {
      char word[9] = {0};
      memcpy(word, line + 8 * i, 8);
      keys[count * KIOSK_KEY_WORDS + (size_t)i] = (uint32_t)strtoul(word, NULL, 16);
    }
  }
  for (size_t p = 0; p < PATHS; p++) {
    if (!kiosk_sha_has(paths[p].path)) continue;
    if (is_speed) {
      speed(paths[p].path, paths[p].name);
      continue;
    }
    // Each count of chains has another number of lanes that do nothing new.
    for (size_t n = 1; n <= count; n++) {
      static uint64_t ids[most_keys * slots * 2];
      size_t length = n % 7 == 0 ? 1 : slots;
      kiosk_sha_walk(paths[p].path, keys, n, length, ids);
      for (size_t k = 0; k < n; k++) {
        for (size_t s = 0; s < length; s++) {
          const uint64_t *id = ids + 2 * (k * length + s);
          printf("walk %s %zu %zu %016" PRIx64 "%08" PRIx64 "\n", paths[p].name, k, s, id[0], id[1]);
        }
      }
      uint32_t next[most_keys * KIOSK_KEY_WORDS];
      memcpy(next, keys, sizeof next);
      kiosk_sha_next(paths[p].path, next, n);
      for (size_t k = 0; k < count; k++) {
        printf("next %s %zu ", k < n ? paths[p].name : "untouched", k);
        for (int i = 0; i < KIOSK_KEY_WORDS; i++) printf("%08" PRIx32, next[k * KIOSK_KEY_WORDS + (size_t)i]);
        printf("\n");
      }
    }
  }
  return 0;
}
