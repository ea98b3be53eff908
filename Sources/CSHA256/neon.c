// SPDX-License-Identifier: GPL-3.0-or-later
#if defined(__aarch64__)
#define LANES 4
// Every arm64 has it.
#define TARGET
#define NAME(function) function##neon
#include "lanes.h"
#endif
