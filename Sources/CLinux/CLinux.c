// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

int kiosk_clock_is_synchronised(void) {
  struct timex state;
  memset(&state, 0, sizeof state);
  return adjtimex(&state) >= 0 && !(state.status & STA_UNSYNC);
}

int64_t kiosk_clock_nanoseconds(clockid_t clock) {
  struct timespec time = {0, 0};
  clock_gettime(clock, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int kiosk_wait_until(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t nanoseconds) {
  struct timespec time = {nanoseconds / 1000000000, nanoseconds % 1000000000};
  return pthread_cond_timedwait(condition, mutex, &time);
}

int kiosk_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0; }
int kiosk_lock_shared(int fd) { return flock(fd, LOCK_SH | LOCK_NB) < 0 ? -errno : 0; }

int kiosk_rename_new(const char *from, const char *to) {
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

int kiosk_keep_memory_secret(void) {
  // Swift's own report of a crash shows the memory that registers point at: the default ends the process without a word.
  const int faults[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) signal(faults[i], SIG_DFL);
  struct rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) < 0) return -errno;
  return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ? -errno : 0;
}

int kiosk_is_dumpable(void) { return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0); }

void kiosk_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

// glibc has it since 2.41 alone. Source: linux/sched/types.h, the first version of the structure.
struct attributes {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

void kiosk_prefer_latency(void) {
  prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);
  // 0.1 ms, the least that is taken. Nice is set with it: it stays what it is.
  struct attributes wanted = {.size = sizeof wanted, .nice = getpriority(PRIO_PROCESS, 0), .runtime = 100000};
  syscall(SYS_sched_setattr, 0, &wanted, 0);
}
