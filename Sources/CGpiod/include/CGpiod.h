// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// One small interface to GPIO lines, the same over libgpiod 1.6 (Debian 12) and 2.x (Debian 13), whose APIs
/// are incompatible. It speaks the words of the kernel's GPIO uAPI: chip, line, offset, consumer, active.
///
/// - A line is found by its name over all chips, or by its chip's label and its offset on that chip. Never by
///   a chip number: numbers follow the order in which drivers were loaded.
/// - Every function that can fail returns 0, or a negative number: either one of the codes below, or a
///   negative errno(3). An errno is never below -4095, so the two do not meet. Source: linux/err.h,
///   MAX_ERRNO.
/// - No function keeps state of its own; a `cgpiod_output` is used by one thread at a time, which is up to
///   the caller. Calls block for as long as the ioctl does: microseconds on a SoC, the bus time on an I2C
///   expander.

/// No `/dev/gpiochip*` at all: a machine, or a kernel, without GPIO.
#define CGPIOD_NO_CHIPS (-10001)
/// No chip with that label.
#define CGPIOD_NO_CHIP (-10002)
/// Several chips with that label: which one is meant cannot be known, so none is touched.
#define CGPIOD_SEVERAL_CHIPS (-10003)
/// No line of that name on any chip.
#define CGPIOD_NO_LINE (-10004)
/// Several lines of that name: which one is meant cannot be known, so none is touched.
#define CGPIOD_SEVERAL_LINES (-10005)
/// The chip with that label has no line at that offset.
#define CGPIOD_NO_OFFSET (-10006)

/// Bytes of a label, a line's name or a consumer, the closing NUL included. The kernel cuts what is longer,
/// so a longer name never matches. Source: linux/gpio.h, GPIO_MAX_NAME_SIZE.
#define CGPIOD_NAME_SIZE 32
/// Bytes of a device's path, the closing NUL included: `/dev/` and a file name of at most 255 bytes.
#define CGPIOD_DEVICE_SIZE 264

/// What the kernel tells about one line; its offset is its place in `cgpiod_chip.lines`.
struct cgpiod_line {
  /// Empty when the line has no name.
  char name[CGPIOD_NAME_SIZE];
  /// Who uses the line, as that user calls itself; may be empty for a used line.
  char consumer[CGPIOD_NAME_SIZE];
  /// Requested by a process or taken by the kernel: a request would fail with EBUSY.
  bool used;
};

/// One chip, read when `cgpiod_list` was called.
struct cgpiod_chip {
  /// The path opened, for a person to look at: it may name another chip after the next boot.
  char device[CGPIOD_DEVICE_SIZE];
  char label[CGPIOD_NAME_SIZE];
  /// 0, or why the chip could not be read: then label and lines are empty. -EACCES: not allowed (EPERM, which
  /// a device cgroup gives, is turned into it).
  int error;
  unsigned int num_lines;
  struct cgpiod_line *lines;
};

/// Reads all chips and their lines, in the order of their devices; a device reached by several paths
/// (symbolic links) is listed once. A chip that cannot be opened is listed with its `error`.
/// Errors: -ENOMEM, -EMFILE, -ENFILE, -EACCES for /dev itself. No chip at all is no error: `*count` is 0. The
/// caller frees the list with `cgpiod_list_free`.
int cgpiod_list(struct cgpiod_chip **chips, size_t *count);

/// Frees what `cgpiod_list` gave; NULL is allowed.
void cgpiod_list_free(struct cgpiod_chip *chips, size_t count);

/// An open output line.
struct cgpiod_output;

/// Requests the line called `name` as an output that is inactive from the first moment.
/// @param name 1 to 31 bytes.
/// @param consumer what others see as the line's user; 1 to 31 bytes.
/// @param active_low the line is active when its level is low.
/// @param holder NULL, or room for CGPIOD_NAME_SIZE bytes: with -EBUSY it holds the name of the line's
///   present user, empty when unknown; with anything else it is empty.
/// Errors: CGPIOD_NO_CHIPS, CGPIOD_NO_LINE, CGPIOD_SEVERAL_LINES, -EBUSY, -EACCES (also when the name was not
/// found but some chip may not be opened: the line may be there), -EINVAL for a bad argument, other errno.
/// On success the caller closes `*output` with `cgpiod_output_close`; on failure `*output` is NULL.
int cgpiod_output_open_name(const char *name, const char *consumer, bool active_low,
                            struct cgpiod_output **output, char *holder);

/// Requests the line at `offset` of the chip labelled `label` as an output that is inactive from the first
/// moment.
/// Parameters and errors as in `cgpiod_output_open_name`, with CGPIOD_NO_CHIP, CGPIOD_SEVERAL_CHIPS and
/// CGPIOD_NO_OFFSET instead of those about names.
int cgpiod_output_open_offset(const char *label, unsigned int offset, const char *consumer, bool active_low,
                              struct cgpiod_output **output, char *holder);

/// Drives the line active or inactive (logical: active low is taken care of). Errors: -errno of the ioctl,
/// such as -ENODEV when the chip was unplugged.
int cgpiod_output_set(struct cgpiod_output *output, bool active);

/// Drives the line inactive, then releases it and frees the handle, whatever the driving said; NULL is
/// allowed. After the release the kernel gives no promise about the level: pull the line to inactive in the
/// wiring. Source: gpioset(1). Errors: what `cgpiod_output_set` said; the handle is gone all the same.
int cgpiod_output_close(struct cgpiod_output *output);

/// The level of an input that nothing drives.
enum cgpiod_bias {
  /// As it was: the board's own resistors decide.
  CGPIOD_BIAS_AS_IS = 0,
  CGPIOD_BIAS_PULL_UP = 1,
  CGPIOD_BIAS_PULL_DOWN = 2,
};

/// How an input is requested.
struct cgpiod_input_options {
  /// The line is active when its level is low.
  bool active_low;
  enum cgpiod_bias bias;
  /// Time for which a level must be stable before its edge is told, microseconds; 0: none. See
  /// `cgpiod_input_is_debounced`.
  unsigned int debounce_us;
};

/// An edge of an input, as the kernel saw it.
struct cgpiod_edge {
  /// CLOCK_MONOTONIC, nanoseconds. Source: linux/gpio.h, gpio_v2_line_event; gpioevent_data since Linux 5.7.
  int64_t timestamp_ns;
  /// What the line became (logical: active low is taken care of).
  bool active;
};

/// Edges that one call takes at most: what the kernel queues for one line. Source: drivers/gpio/gpiolib-cdev.c.
#define CGPIOD_EDGES 16

/// An input line that this process has requested, for both edges.
struct cgpiod_input;

/// Requests the line called `name`, or the one at `offset` of the chip labelled `label`, as an input.
/// Parameters and errors as for the outputs. -EOPNOTSUPP, -EINVAL or -ENXIO when the chip cannot do it: no
/// interrupts, or no such bias.
/// On success the caller closes `*input` with `cgpiod_input_close`; on failure `*input` is NULL.
int cgpiod_input_open_name(const char *name, const char *consumer, struct cgpiod_input_options options,
                           struct cgpiod_input **input, char *holder);
int cgpiod_input_open_offset(const char *label, unsigned int offset, const char *consumer,
                             struct cgpiod_input_options options, struct cgpiod_input **input, char *holder);

/// Whether the kernel debounces the line as asked (libgpiod 2.x); otherwise that is up to the caller.
bool cgpiod_input_is_debounced(const struct cgpiod_input *input);

/// The descriptor to poll(2) for POLLIN; it belongs to the input.
int cgpiod_input_fd(const struct cgpiod_input *input);

/// Takes the edges that wait, without blocking: how many were put into `edges` (room for CGPIOD_EDGES), 0 when none
/// waited. Errors: -errno, such as -ENODEV when the chip was unplugged.
int cgpiod_input_take(struct cgpiod_input *input, struct cgpiod_edge *edges);

/// 1 while the line is active (logical), 0 while it is not. Errors: -errno of the ioctl.
int cgpiod_input_get(struct cgpiod_input *input);

/// Releases the line and frees the handle; NULL is allowed.
void cgpiod_input_close(struct cgpiod_input *input);

/// The version of the libgpiod that is loaded, such as "1.6.3" or "2.2.1". Never freed.
const char *cgpiod_library_version(void);
