// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stddef.h>
#include <stdint.h>

// One axis of an input device. Source: linux/input.h, input_absinfo.
struct kiosk_axis {
  int is_there;
  int32_t value, minimum, maximum;
};

// What decides whether an input device is a touch screen, each 1 or 0. Source: Documentation/input/event-codes.rst.
struct kiosk_touch_device {
  // INPUT_PROP_DIRECT: coordinates are places on the screen. INPUT_PROP_POINTER: they move a pointer, as on a touchpad.
  int is_direct, is_pointer;
  // REL_X: a mouse.
  int is_relative;
  // BTN_TOUCH, BTN_LEFT.
  int has_touch, has_left;
  // ABS_X, ABS_Y; ABS_MT_SLOT, ABS_MT_POSITION_X, ABS_MT_POSITION_Y.
  struct kiosk_axis x, y, slot, slot_x, slot_y;
};

// Reads the device's abilities and where its axes are. 0, or a negative errno: -ENOTTY when it is no input device.
int kiosk_touch_read(int fd, struct kiosk_touch_device *device);

// Where the contacts of the first `count` slots are, or were. 0 or a negative errno. Source: linux/input.h, EVIOCGMTSLOTS.
int kiosk_touch_read_slots(int fd, int32_t *x, int32_t *y, size_t count);

// Has events carry the time of CLOCK_MONOTONIC. 0 or a negative errno. Source: linux/input.h, EVIOCSCLOCKID.
int kiosk_touch_use_monotonic_clock(int fd);
