// SPDX-License-Identifier: GPL-3.0-or-later
#if defined(__x86_64__)
#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define NAME(function) function##avx2
#include "lanes.h"
#endif
