// SPDX-License-Identifier: GPL-3.0-or-later
//
// What Linux offers and Swift does not see.
#pragma once

#include "console.h"
#include "framebuffer.h"
#include "touch.h"
#include "uevents.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

// What a clock shows, ns. Source: clock_gettime(2).
int64_t kiosk_clock_nanoseconds(clockid_t clock);

// Waits until the condition is signalled or its clock shows `nanoseconds`; returns ETIMEDOUT then, 0 before.
// Source: pthread_cond_timedwait(3).
int kiosk_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t nanoseconds);

// 1 when the kernel says that the wall clock is synchronised, else 0. Source: adjtimex(2), STA_UNSYNC.
int kiosk_clock_is_synchronised(void);

// Takes the lock on an open file for as long as it stays open. Returns 0, or a negative errno: -EWOULDBLOCK when
// another process holds it. Source: flock(2).
int kiosk_lock(int fd);
// The same beside others that share it.
int kiosk_lock_shared(int fd);

// Gives a file another name, unless there is one of that name. Returns 0, or a negative errno: -EEXIST.
// Source: renameat2(2), RENAME_NOREPLACE.
int kiosk_rename_new(const char *from, const char *to);

// Keeps this process's memory out of files and from other processes of its user: no core file, no attaching. Files of
// /proc/self are root's then. Returns 0, or a negative errno. Source: prctl(2), PR_SET_DUMPABLE; core(5).
int kiosk_keep_memory_secret(void);

// Whether the memory may be written to a core file. Source: prctl(2), PR_GET_DUMPABLE.
int kiosk_is_dumpable(void);

// Names the calling thread, with at most 15 bytes. Source: prctl(2), PR_SET_NAME.
void kiosk_name_thread(const char *name);

// For the calling thread, as any user may: its timers are not put off to be handled together, and it asks for slices so
// short that the scheduler lets it go before who computes. The latter only on Linux 6.12 and later; before, nothing
// changes. Its policy becomes SCHED_OTHER. Source: prctl(2), PR_SET_TIMERSLACK; sched_setattr(2);
// Documentation/scheduler/sched-eevdf.rst.
void kiosk_prefer_latency(void);
