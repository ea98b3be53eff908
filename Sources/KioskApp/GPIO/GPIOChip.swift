// SPDX-License-Identifier: GPL-3.0-or-later
import CGpiod
import Glibc

/// A GPIO chip and its lines, as the kernel tells of them: for the self test, and to find a line's address.
struct GPIOChip: Equatable, Sendable {
  struct Line: Equatable, Sendable {
    /// nil for a line without a name.
    var name: String?
    /// Requested by a process or taken by the kernel.
    var isUsed: Bool
    /// What the line's user calls itself, when that is known.
    var consumer: String?
  }

  /// Why a chip could not be read.
  enum Fault: Equatable, Sendable {
    case notAllowed
    case system(errno: CInt)
  }

  /// Such as `/dev/gpiochip0`: for a person to look at, never to be kept, since it may be another chip after
  /// a boot.
  var device: String
  /// Empty when `fault` is set.
  var label: String
  /// A line's place is its offset. Empty when `fault` is set.
  var lines: [Line]
  var fault: Fault?

  /// The version of the libgpiod that is loaded, such as `1.6.3`.
  static var libraryVersion: String { String(cString: cgpiod_library_version()) }

  /// All chips of the machine, by number; none is no error. Blocks for a few milliseconds.
  /// - Throws: `LineError.cannotList`.
  static func all() throws(LineError) -> [GPIOChip] {
    var list: UnsafeMutablePointer<cgpiod_chip>?
    var count = 0
    let code = cgpiod_list(&list, &count)
    guard code == 0 else { throw .cannotList(errno: -code) }
    defer { cgpiod_list_free(list, count) }
    return UnsafeBufferPointer(start: list, count: count).map(GPIOChip.init)
  }

  private init(_ chip: cgpiod_chip) {
    device = Self.text(chip.device) ?? ""
    label = Self.text(chip.label) ?? ""
    lines = UnsafeBufferPointer(start: chip.lines, count: Int(chip.num_lines)).map {
      Line(name: Self.text($0.name), isUsed: $0.used, consumer: Self.text($0.consumer))
    }
    switch chip.error {
    case 0: fault = nil
    case -EACCES: fault = .notAllowed
    default: fault = .system(errno: -chip.error)
    }
  }

  /// The text in a C array of characters, which Swift sees as a tuple; nil when it is empty.
  private static func text<Characters>(_ field: Characters) -> String? {
    withUnsafeBytes(of: field) { bytes in
      let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      return text.isEmpty ? nil : text
    }
  }
}
