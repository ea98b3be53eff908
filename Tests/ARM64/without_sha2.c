// SPDX-License-Identifier: GPL-3.0-or-later
//
// Preloaded: a program sees a processor without the SHA-256 instructions, as those of the Raspberry Pi 3 and 4.
#include <sys/auxv.h>
#include <unistd.h>

/// Source: Linux, arch/arm64/include/uapi/asm/hwcap.h: HWCAP_SHA2.
static const unsigned long sha2 = 1ul << 6;

/// The vector itself, as the kernel gave it; the library's own function is the one replaced.
static unsigned long value_of(unsigned long type) {
  extern char **environ;
  char **end = environ;
  while (*end) end++;
  for (const unsigned long *pair = (const unsigned long *)(end + 1); pair[0] != AT_NULL; pair += 2)
    if (pair[0] == type) return pair[1];
  return 0;
}

unsigned long getauxval(unsigned long type) {
  unsigned long value = value_of(type);
  return type == AT_HWCAP ? value & ~sha2 : value;
}
