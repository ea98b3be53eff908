// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// The fake chips behind both stubs of libgpiod. `main.c` sets them up; the stubs act on them and record.

#define FAKE_MAX_LINES 8

struct fake_line {
  const char *name;
  const char *consumer;
  bool used;
  /// What requesting or setting the line fails with, or 0.
  int request_errno, set_errno;
  /// What the kernel would hold: requested now, and with what.
  bool requested, active_low, active;
  /// Of an input: what bias and debounce it was requested with, the pipe that poll(2) sees, and the edges that wait.
  int bias;
  unsigned int debounce_us;
  int pipe[2];
  struct fake_edge {
    bool active;
    int64_t timestamp_ns;
  } edges[16];
  unsigned int num_edges;
  /// What taking edges or reading the level fails with, or 0.
  int read_errno;
};

struct fake_chip {
  const char *path, *label;
  unsigned int num_lines;
  struct fake_line lines[FAKE_MAX_LINES];
  /// What opening the chip, or reading its lines, fails with, or 0.
  int open_errno, read_errno;
};

/// The chip at `path`, or NULL with errno ENOENT.
struct fake_chip *fake_chip_at(const char *path);

/// Adds a formatted word to the record of calls.
void fake_record(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Memory for an object of the stub; NULL with errno ENOMEM when `main.c` wants this allocation to fail.
/// Every object is counted, so that one never given back is noticed.
void *fake_new(size_t size);

/// Gives an object back.
void fake_free(void *object);

/// Requests a line as the kernel would: -1 with errno when it is refused.
int fake_request(struct fake_chip *chip, unsigned int offset, const char *consumer, bool active_low,
                 bool active);
int fake_set(struct fake_chip *chip, unsigned int offset, bool active);
void fake_release(struct fake_chip *chip, unsigned int offset);

/// The biases of an input, whatever the library's numbers are.
enum { FAKE_BIAS_AS_IS, FAKE_BIAS_PULL_UP, FAKE_BIAS_PULL_DOWN };

/// Requests a line as an input that is watched for both edges: -1 with errno when it is refused.
int fake_request_input(struct fake_chip *chip, unsigned int offset, const char *consumer, bool active_low, int bias,
                       unsigned int debounce_us);
/// The descriptor of a watched line.
int fake_input_fd(struct fake_chip *chip, unsigned int offset);
/// Takes at most `count` edges; -1 with errno, EAGAIN when none waits and the descriptor does not block. One that would
/// block fails with EDEADLK.
int fake_take(struct fake_chip *chip, unsigned int offset, struct fake_edge *edges, unsigned int count);
/// 0 or 1, or -1 with errno.
int fake_get(struct fake_chip *chip, unsigned int offset);
