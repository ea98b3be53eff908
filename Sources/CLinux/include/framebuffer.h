// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdint.h>

// One colour's bits in a pixel.
struct kiosk_bits {
  uint32_t offset;
  uint32_t length;
};

// What the kernel tells of /dev/fbN. Source: linux/fb.h, fb_var_screeninfo, fb_fix_screeninfo.
struct kiosk_framebuffer {
  uint32_t width, height;
  // Where the visible part begins in the memory, pixels.
  uint32_t x_offset, y_offset;
  uint32_t bits_per_pixel;
  struct kiosk_bits red, green, blue;
  // Bytes from one row to the next.
  uint32_t line_length;
  uint32_t memory_bytes;
  // Millimetres; 0 or below: unknown.
  int32_t width_mm, height_mm;
  // 1 when each pixel lies whole in memory and its bits are the colours.
  int is_true_colour;
};

// 0, or a negative errno: -ENOTTY when it is no framebuffer.
int kiosk_framebuffer_read(int fd, struct kiosk_framebuffer *framebuffer);

// Ends a blanked state. 0 or a negative errno; not every driver can. Source: linux/fb.h, FBIOBLANK.
int kiosk_framebuffer_unblank(int fd);
