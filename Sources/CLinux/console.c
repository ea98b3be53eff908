// SPDX-License-Identifier: GPL-3.0-or-later
#include "console.h"

#include <errno.h>
#include <linux/kd.h>
#include <sys/ioctl.h>

int kiosk_console_is_text(int fd) {
  int mode = KD_TEXT;
  return ioctl(fd, KDGETMODE, &mode) < 0 ? -errno : mode != KD_GRAPHICS;
}

int kiosk_console_set_text(int fd, int is_text) {
  return ioctl(fd, KDSETMODE, is_text ? KD_TEXT : KD_GRAPHICS) < 0 ? -errno : 0;
}
