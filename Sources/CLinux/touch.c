// SPDX-License-Identifier: GPL-3.0-or-later
#include "touch.h"

#include <errno.h>
#include <limits.h>
#include <linux/input.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#define LONG_BITS (sizeof(long) * CHAR_BIT)
#define LONGS(count) (((count) + LONG_BITS - 1) / LONG_BITS)

static int has(const unsigned long *bits, unsigned bit) { return bits[bit / LONG_BITS] >> (bit % LONG_BITS) & 1; }

static struct kiosk_axis axis(int fd, const unsigned long *axes, unsigned code) {
  struct input_absinfo info;
  if (!has(axes, code) || ioctl(fd, EVIOCGABS(code), &info) < 0) return (struct kiosk_axis){0};
  return (struct kiosk_axis){.is_there = 1, .value = info.value, .minimum = info.minimum, .maximum = info.maximum};
}

int kiosk_touch_read(int fd, struct kiosk_touch_device *device) {
  unsigned long properties[LONGS(INPUT_PROP_CNT)] = {0}, keys[LONGS(KEY_CNT)] = {0};
  unsigned long relative[LONGS(REL_CNT)] = {0}, axes[LONGS(ABS_CNT)] = {0};
  memset(device, 0, sizeof *device);
  if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof keys), keys) < 0 || ioctl(fd, EVIOCGBIT(EV_REL, sizeof relative), relative) < 0 ||
      ioctl(fd, EVIOCGBIT(EV_ABS, sizeof axes), axes) < 0 || ioctl(fd, EVIOCGPROP(sizeof properties), properties) < 0)
    return -errno;
  *device = (struct kiosk_touch_device){
      .is_direct = has(properties, INPUT_PROP_DIRECT),
      .is_pointer = has(properties, INPUT_PROP_POINTER),
      .is_relative = has(relative, REL_X),
      .has_touch = has(keys, BTN_TOUCH),
      .has_left = has(keys, BTN_LEFT),
      .x = axis(fd, axes, ABS_X),
      .y = axis(fd, axes, ABS_Y),
      .slot = axis(fd, axes, ABS_MT_SLOT),
      .slot_x = axis(fd, axes, ABS_MT_POSITION_X),
      .slot_y = axis(fd, axes, ABS_MT_POSITION_Y),
  };
  return 0;
}

// The kernel wants the axis' code before the values it fills in.
static int read_slots(int fd, uint32_t code, int32_t *values, size_t count) {
  size_t size = (count + 1) * sizeof(int32_t);
  int32_t *request = calloc(count + 1, sizeof(int32_t));
  if (!request) return -ENOMEM;
  request[0] = (int32_t)code;
  int error = ioctl(fd, EVIOCGMTSLOTS(size), request) < 0 ? -errno : 0;
  if (!error) memcpy(values, request + 1, count * sizeof(int32_t));
  free(request);
  return error;
}

int kiosk_touch_read_slots(int fd, int32_t *x, int32_t *y, size_t count) {
  int error = read_slots(fd, ABS_MT_POSITION_X, x, count);
  return error ? error : read_slots(fd, ABS_MT_POSITION_Y, y, count);
}

int kiosk_touch_use_monotonic_clock(int fd) {
  int clock = CLOCK_MONOTONIC;
  return ioctl(fd, EVIOCSCLOCKID, &clock) < 0 ? -errno : 0;
}
