// SPDX-License-Identifier: GPL-3.0-or-later
#include "framebuffer.h"

#include <errno.h>
#include <linux/fb.h>
#include <string.h>
#include <sys/ioctl.h>

static struct kiosk_bits bits(struct fb_bitfield field) {
  return (struct kiosk_bits){.offset = field.offset, .length = field.length};
}

int kiosk_framebuffer_read(int fd, struct kiosk_framebuffer *framebuffer) {
  struct fb_var_screeninfo variable;
  struct fb_fix_screeninfo fixed;
  memset(framebuffer, 0, sizeof *framebuffer);
  if (ioctl(fd, FBIOGET_VSCREENINFO, &variable) < 0 || ioctl(fd, FBIOGET_FSCREENINFO, &fixed) < 0) return -errno;
  *framebuffer = (struct kiosk_framebuffer){
      .width = variable.xres,
      .height = variable.yres,
      .x_offset = variable.xoffset,
      .y_offset = variable.yoffset,
      .bits_per_pixel = variable.bits_per_pixel,
      .red = bits(variable.red),
      .green = bits(variable.green),
      .blue = bits(variable.blue),
      .line_length = fixed.line_length,
      .memory_bytes = fixed.smem_len,
      .width_mm = (int32_t)variable.width,
      .height_mm = (int32_t)variable.height,
      .is_true_colour = fixed.type == FB_TYPE_PACKED_PIXELS &&
                        (fixed.visual == FB_VISUAL_TRUECOLOR || fixed.visual == FB_VISUAL_DIRECTCOLOR),
  };
  return 0;
}

int kiosk_framebuffer_unblank(int fd) { return ioctl(fd, FBIOBLANK, FB_BLANK_UNBLANK) < 0 ? -errno : 0; }
