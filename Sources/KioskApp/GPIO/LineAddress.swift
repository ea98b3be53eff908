// SPDX-License-Identifier: GPL-3.0-or-later

/// Where a line is: what the configuration says and a technician types. Never a chip number, which follows
/// the order in which drivers are loaded.
enum LineAddress: Hashable, Sendable {
  /// The line's name, searched over all chips: `GPIO17`.
  case name(String)
  /// The chip's label and the line's offset on that chip, counted from 0: `pinctrl-bcm2711:17`.
  case chip(label: String, offset: UInt32)

  /// Bytes of UTF-8 in a name or a label: the kernel keeps no more, so nothing longer can match. Source:
  /// linux/gpio.h, GPIO_MAX_NAME_SIZE, which counts the closing NUL.
  static let nameByteLimit = 31

  /// Reads `NAME` or `LABEL:OFFSET`. A label may contain colons (`gpio-sim.0:bank`): the last one counts.
  init(_ text: String) throws(LineAddressError) {
    guard !text.isEmpty else { throw .empty }
    guard text.unicodeScalars.allSatisfy(Self.isPrintable), !text.hasPrefix(" "), !text.hasSuffix(" ") else {
      throw .unprintable
    }
    guard !Self.startsWithChipNumber(text) else { throw .chipNumber(text) }

    guard let colon = text.lastIndex(of: ":") else {
      guard !text.utf8.allSatisfy(Self.isDigit) else { throw .bareNumber(text) }
      self = .name(try Self.fitting(text))
      return
    }
    let label = String(text[..<colon])
    let digits = text[text.index(after: colon)...]
    guard !label.isEmpty else { throw .noLabel(text) }
    // UInt32("+7") is 7; a sign is no part of an offset.
    guard digits.utf8.allSatisfy(Self.isDigit), let offset = UInt32(digits) else {
      throw .badOffset(text, offset: String(digits))
    }
    self = .chip(label: try Self.fitting(label), offset: offset)
  }

  private static func fitting(_ text: String) throws(LineAddressError) -> String {
    guard text.utf8.count <= nameByteLimit else { throw .tooLong(text) }
    return text
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  /// The plain space is; tabs, other spaces, controls and invisible formatting characters are not.
  private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    let category = scalar.properties.generalCategory
    return scalar == " " || !(scalar.properties.isWhitespace || category == .control || category == .format)
  }

  /// `gpiochip0`, `gpiochip0:17`, `/dev/gpiochip0`.
  private static func startsWithChipNumber(_ text: String) -> Bool {
    let device = text.hasPrefix("/dev/") ? text.dropFirst(5) : text[...]
    guard device.hasPrefix("gpiochip") else { return false }
    let number = device.dropFirst(8).prefix { $0 != ":" }
    return !number.isEmpty && number.utf8.allSatisfy(isDigit)
  }
}

extension LineAddress: CustomStringConvertible {
  /// As in the configuration.
  var description: String {
    switch self {
    case .name(let name): name
    case .chip(let label, let offset): "\(label):\(offset)"
    }
  }
}

/// Why a text is no line address.
enum LineAddressError: Error, Equatable, Sendable {
  case empty
  /// A control character or a tab, or a space at either end.
  case unprintable
  /// More than `LineAddress.nameByteLimit` bytes.
  case tooLong(String)
  /// A chip by its number.
  case chipNumber(String)
  /// A number alone: it may be meant as name, as offset, or as a pin of the header.
  case bareNumber(String)
  /// Nothing before the colon.
  case noLabel(String)
  /// What follows the last colon is no number from 0 to 4294967295.
  case badOffset(String, offset: String)
}

extension LineAddressError: CustomStringConvertible {
  /// What is wrong, and what to write instead.
  var description: String {
    let forms = "Write a line's name, such as GPIO17, or a chip's label and an offset: pinctrl-bcm2711:17."
    switch self {
    case .empty:
      return "A line's address is empty. \(forms)"
    case .unprintable:
      return "A line's address begins or ends with a space, or contains an invisible character. \(forms)"
    case .tooLong(let text):
      return "'\(text)' is longer than the \(LineAddress.nameByteLimit) bytes of a name or a label. \(forms)"
    case .chipNumber(let text):
      return "'\(text)' names a chip by its number, which may be another chip after the next boot. \(forms)"
    case .bareNumber(let text):
      return "'\(text)' is only a number, which could mean several things. \(forms)"
    case .noLabel(let text):
      return "'\(text)' has no chip label before the colon. \(forms)"
    case .badOffset(let text, let offset):
      return "'\(text)' has '\(offset)' after the colon instead of the line's offset, 0 or more. \(forms)"
    }
  }
}
