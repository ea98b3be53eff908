// SPDX-License-Identifier: GPL-3.0-or-later
#if defined(__x86_64__)
#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512vl")))
#define NAME(function) function##avx512
#include "lanes.h"
#endif
