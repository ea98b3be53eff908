// SPDX-License-Identifier: GPL-3.0-or-later
import CGpiod
import Glibc
import Synchronization

/// An output line of the kernel, through libgpiod 1.6 or 2.x.
final class GpiodLine: OutputLine {
  /// The name that `gpioinfo` shows as the user of our lines.
  static let consumer = "bluezone-kiosk"

  let address: LineAddress
  /// nil after `close()`. The handle closes itself when it goes, so the line cannot be left active by
  /// forgetting it.
  private let handle: Mutex<Handle?>

  /// Requests the line as an output that is inactive from the first moment.
  /// - Parameter activeLow: the line is active when its level is low.
  /// - Throws: every `LineError` but `.closed` and `.cannotList`.
  init(_ address: LineAddress, activeLow: Bool) throws(LineError) {
    self.address = address
    self.handle = Mutex(try Handle(opening: address, activeLow: activeLow))
  }

  func set(_ active: Bool) throws(LineError) {
    let code: CInt? = handle.withLock { $0?.set(active) }
    guard let code else { throw .closed(address) }
    guard code == 0 else { throw LineError(code: code, at: address, holder: nil) }
  }

  func close() { handle.withLock { $0 = nil } }

  /// Owns the C handle: one owner, closed once.
  private struct Handle: ~Copyable {
    private let output: OpaquePointer

    init(opening address: LineAddress, activeLow: Bool) throws(LineError) {
      var output: OpaquePointer?
      var holder = [CChar](repeating: 0, count: Int(CGPIOD_NAME_SIZE))
      let code =
        switch address {
        case .name(let name): cgpiod_output_open_name(name, consumer, activeLow, &output, &holder)
        case .chip(let label, let offset):
          cgpiod_output_open_offset(label, offset, consumer, activeLow, &output, &holder)
        }
      guard code == 0, let output else {
        let bytes = holder.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        throw LineError(code: code, at: address, holder: String(decoding: bytes, as: UTF8.self))
      }
      self.output = output
    }

    /// 0, or a negative code of CGpiod.
    borrowing func set(_ active: Bool) -> CInt { cgpiod_output_set(output, active) }

    /// Drives the line inactive, then releases it. Nobody is left to hear that the driving failed.
    deinit { _ = cgpiod_output_close(output) }
  }
}

extension LineError {
  /// What a negative code of CGpiod means. `holder` is empty when it is unknown.
  init(code: CInt, at address: LineAddress, holder: String?) {
    switch (code, address) {
    case (CGPIOD_NO_CHIPS, _): self = .noChips
    case (CGPIOD_NO_CHIP, .chip(let label, _)): self = .noChip(label: label)
    case (CGPIOD_SEVERAL_CHIPS, .chip(let label, _)): self = .severalChips(label: label)
    case (CGPIOD_NO_OFFSET, .chip(let label, let offset)): self = .noOffset(label: label, offset: offset)
    case (CGPIOD_NO_LINE, .name(let name)): self = .noLine(name: name)
    case (CGPIOD_SEVERAL_LINES, .name(let name)): self = .severalLines(name: name)
    case (-EBUSY, _): self = .busy(address, holder: holder.flatMap { $0.isEmpty ? nil : $0 })
    case (-EACCES, _), (-EPERM, _): self = .notAllowed(address)
    default: self = .system(address, errno: code < 0 ? -code : EIO)
    }
  }
}
