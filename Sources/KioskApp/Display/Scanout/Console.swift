// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc

/// The kernel's text console, which writes over a framebuffer unless it is told not to.
///
/// It takes the rights to the terminal (`TTYPath=`, `StandardInput=tty` of a service) or CAP_SYS_TTY_CONFIG. Without them,
/// or without a console, nothing is done, and the console's cursor may be seen. The DRM display needs none of this: while it
/// is the card's master the console draws nowhere.
struct Console: ~Copyable {
  private let fd: Int32

  /// Has the console leave the screen alone; nil when there is none, or it is not ours.
  init?() {
    let own = STDIN_FILENO
    if kiosk_console_is_text(own) == 1, kiosk_console_set_text(own, 0) == 0 {
      fd = dup(own)
      return
    }
    let fd = open("/dev/tty0", O_WRONLY | O_CLOEXEC | O_NOCTTY)
    guard fd >= 0 else { return nil }
    guard kiosk_console_is_text(fd) == 1, kiosk_console_set_text(fd, 0) == 0 else {
      close(fd)
      return nil
    }
    self.fd = fd
  }

  /// The console draws again.
  deinit {
    _ = kiosk_console_set_text(fd, 1)
    close(fd)
  }
}
