// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc
import KioskCore

/// A framebuffer device of the kernel's.
final class KernelFramebuffer: FramebufferDevice {
  private var fd: Int32
  private(set) var memory: UnsafeMutableRawBufferPointer

  init(_ path: String) throws(CardError) {
    fd = open(path, O_RDWR | O_CLOEXEC)
    guard fd >= 0 else { throw CardError(code: errno) }
    var information = kiosk_framebuffer()
    let code = kiosk_framebuffer_read(fd, &information)
    let length = Int(information.memory_bytes)
    let start = code == 0 ? mmap(nil, max(length, 1), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED
    guard let start, start != MAP_FAILED else {
      let error = code == 0 ? errno : -code
      Glibc.close(fd)
      throw CardError(code: error)
    }
    memory = UnsafeMutableRawBufferPointer(start: start, count: length)
    // Not every driver can; then the screen is as it is.
    _ = kiosk_framebuffer_unblank(fd)
  }

  deinit { close() }

  func form() throws(CardError) -> FramebufferForm {
    var information = kiosk_framebuffer()
    let code = kiosk_framebuffer_read(fd, &information)
    guard code == 0 else { throw CardError(code: -code) }
    return FramebufferForm(information)
  }

  func close() {
    guard fd >= 0 else { return }
    munmap(memory.baseAddress, memory.count)
    memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    Glibc.close(fd)
    fd = -1
  }
}

extension FramebufferForm {
  init(_ information: kiosk_framebuffer) {
    let bits = Int(information.bits_per_pixel)
    let pitch = Int(information.line_length)
    self.init(
      size: ScreenSize(width: Int(information.width), height: Int(information.height)), pitch: pitch,
      offset: Int(information.y_offset) * pitch + Int(information.x_offset) * bits / 8, bitsPerPixel: bits,
      format: information.is_true_colour != 0 ? PixelFormat(information) : nil,
      width: Int(information.width_mm), height: Int(information.height_mm))
  }
}

extension PixelFormat {
  fileprivate init?(_ information: kiosk_framebuffer) {
    let colours = [information.red, information.green, information.blue]
    let offsets = colours.map(\.offset)
    switch (information.bits_per_pixel, colours.map(\.length)) {
    case (32, [8, 8, 8]) where offsets == [16, 8, 0]: self = .xrgb8888
    case (32, [8, 8, 8]) where offsets == [0, 8, 16]: self = .xbgr8888
    case (16, [5, 6, 5]) where offsets == [11, 5, 0]: self = .rgb565
    default: return nil
    }
  }
}
