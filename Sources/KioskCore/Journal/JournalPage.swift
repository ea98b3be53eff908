// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// One page of `kiosk.journal`, 4096 bytes. Each stands for itself, so that a page that is torn or rots costs its own
/// content alone:
///
///     magic (8), checksum of all that follows (8), epoch (8), sequence (8), generation (8), run (8), content, zeros
///
/// Numbers of the head are big-endian; those of the content are LEB128, zigzag where they may be below 0. The content: boot
/// (length, bytes), clock (length, bytes), three bases (seconds, milliseconds, row), the number of the first new contact, and
/// then entries, each a tag and what the tag says; a tag of 0 ends them. See `JournalEncoder`.
public enum JournalPage {
  public static let byteCount = 4096
  public static let headBytes = 48
  static let magic: UInt64 = 0x424C_5A4A_524E_4C31  // BLZJRNL1

  public struct Head: Hashable, Sendable {
    /// Drawn when the file is made: tells whether the database's number is of this file.
    public var epoch: UInt64
    /// Rises by one with each page written.
    public var sequence: UInt64
    /// The sequence from which the contacts' numbers are counted: pages of one generation are read together, in order.
    public var generation: UInt64
    /// Drawn when the program starts: visits are numbered by run.
    public var run: UInt64

    public init(epoch: UInt64, sequence: UInt64, generation: UInt64, run: UInt64) {
      self.epoch = epoch
      self.sequence = sequence
      self.generation = generation
      self.run = run
    }
  }

  /// Whether bytes begin as a page of a journal does, or as one that was never written.
  public static func isLikely(_ page: Span<UInt8>) -> Bool {
    let start = PackedBytes.number(page, 0, as: UInt64.self)
    return start == magic || start == 0
  }

  /// The head, after the whole page was checked.
  public static func head(_ page: Span<UInt8>) throws(ParseError) -> Head {
    guard page.count == byteCount else {
      throw ParseError(
        page.count < byteCount ? .truncated : .trailing, field: "page", offset: min(page.count, byteCount))
    }
    guard PackedBytes.number(page, 0, as: UInt64.self) == magic else {
      throw ParseError(.invalid, field: "magic", offset: 0)
    }
    guard PackedBytes.number(page, 8, as: UInt64.self) == checksum(page) else {
      throw ParseError(.invalid, field: "checksum", offset: 8)
    }
    return Head(
      epoch: PackedBytes.number(page, 16, as: UInt64.self), sequence: PackedBytes.number(page, 24, as: UInt64.self),
      generation: PackedBytes.number(page, 32, as: UInt64.self), run: PackedBytes.number(page, 40, as: UInt64.self))
  }

  /// A whole page; `content` is at most `byteCount - headBytes` long, and what is more is left out.
  static func page(_ head: Head, _ content: [UInt8]) -> [UInt8] {
    var page: [UInt8] = []
    page.reserveCapacity(byteCount)
    for number in [magic, 0, head.epoch, head.sequence, head.generation, head.run] {
      for i in 0..<8 { page.append(UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64(i)))) }
    }
    page.append(contentsOf: content.prefix(byteCount - headBytes))
    page.append(contentsOf: repeatElement(0, count: byteCount - page.count))
    seal(&page)
    return page
  }

  /// Puts the checksum of what follows it into a page.
  static func seal(_ page: inout [UInt8]) {
    guard page.count == byteCount else { return }
    let sum = checksum(page.span)
    for i in 0..<8 { page[8 + i] = UInt8(truncatingIfNeeded: sum >> (56 - 8 * UInt64(i))) }
  }

  private static func checksum(_ page: Span<UInt8>) -> UInt64 {
    PackedBytes.checksum(page, from: 16, seed: magic)
  }
}
