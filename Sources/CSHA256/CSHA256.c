// SPDX-License-Identifier: GPL-3.0-or-later
#include "CSHA256.h"

#include "paths.h"

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

const uint32_t kiosk_sha_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};
const uint32_t kiosk_sha_iv[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};
const uint32_t kiosk_sha_tail_key[8] = {0x80000000, 0, 0, 0, 0, 0, 0, 32 * 8};
// "bluz" "ones" "ubke" "y" and the end mark.
const uint32_t kiosk_sha_tail_first[8] = {0x626c757a, 0x6f6e6573, 0x75626b65, 0x79800000, 0, 0, 0, 45 * 8};

int kiosk_sha_has(enum kiosk_sha_path path) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  switch (path) {
    case KIOSK_SHA_NI:
      // Source: Intel SDM volume 2, CPUID: leaf 7, EBX bit 29; SSSE3 and SSE4.1 in leaf 1, ECX bits 9 and 19.
      if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & 1u << 29)) return 0;
      return __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 9) && (c & 1u << 19);
    // These ask the system as well, which must save the wide registers.
    case KIOSK_SHA_AVX512: return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl");
    case KIOSK_SHA_AVX2: return __builtin_cpu_supports("avx2") != 0;
    default: return 0;
  }
#elif defined(__aarch64__)
  // Source: Linux, arch/arm64/include/uapi/asm/hwcap.h: HWCAP_SHA2.
  if (path == KIOSK_SHA_ARM) return (getauxval(AT_HWCAP) & 1u << 6) != 0;
  return path == KIOSK_SHA_NEON;
#else
  (void)path;
  return 0;
#endif
}

void kiosk_sha_next(enum kiosk_sha_path path, uint32_t *keys, size_t count) {
  if (count == 0) return;
  switch (path) {
#if defined(__x86_64__)
    case KIOSK_SHA_NI: kiosk_sha_next_ni(keys, count); break;
    case KIOSK_SHA_AVX512: kiosk_sha_next_avx512(keys, count); break;
    case KIOSK_SHA_AVX2: kiosk_sha_next_avx2(keys, count); break;
#elif defined(__aarch64__)
    case KIOSK_SHA_ARM: kiosk_sha_next_arm(keys, count); break;
    case KIOSK_SHA_NEON: kiosk_sha_next_neon(keys, count); break;
#endif
    default: break;
  }
}

void kiosk_sha_walk(enum kiosk_sha_path path, const uint32_t *keys, size_t count, size_t slots, uint64_t *ids) {
  if (count == 0 || slots == 0) return;
  switch (path) {
#if defined(__x86_64__)
    case KIOSK_SHA_NI: kiosk_sha_walk_ni(keys, count, slots, ids); break;
    case KIOSK_SHA_AVX512: kiosk_sha_walk_avx512(keys, count, slots, ids); break;
    case KIOSK_SHA_AVX2: kiosk_sha_walk_avx2(keys, count, slots, ids); break;
#elif defined(__aarch64__)
    case KIOSK_SHA_ARM: kiosk_sha_walk_arm(keys, count, slots, ids); break;
    case KIOSK_SHA_NEON: kiosk_sha_walk_neon(keys, count, slots, ids); break;
#endif
    default: break;
  }
}
