// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

// Whether the kernel draws its text console on the terminal `fd`: 1 text, 0 graphics, or a negative errno, -ENOTTY
// when it is no virtual terminal. Source: console_ioctl(2), KDGETMODE.
int kiosk_console_is_text(int fd);

// Has the kernel draw its text console, or leave the screen alone. 0, or a negative errno: -EPERM when the terminal
// is not ours and we lack CAP_SYS_TTY_CONFIG. Source: console_ioctl(2), KDSETMODE.
int kiosk_console_set_text(int fd, int is_text);
