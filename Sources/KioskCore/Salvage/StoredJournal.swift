// SPDX-License-Identifier: GPL-3.0-or-later

/// SQLite's write-ahead log: which pages it holds. Where a frame in its middle has rotted, SQLite ends there without a
/// word, and what was committed after it is lost; here the frames after it count.
///
/// Source: sqlite.org/fileformat2.html, 4 The Write-Ahead Log.
public struct StoredJournal: Sendable {
  public static let headBytes = 32
  public static let frameHeadBytes = 24

  /// Bytes of a page.
  public let pageBytes: Int
  private let isBigEndian: Bool
  private let salts: UInt64
  private var sum: (UInt32, UInt32)

  /// The newest sound frame of each page that was committed: its number, from 0.
  public private(set) var frames: [UInt32: Int] = [:]
  /// The database's size in pages after the last commit; 0 without one.
  public private(set) var pages = 0
  /// Frames that have rotted in transactions that had reached the disk whole.
  public private(set) var rottenFrames = 0

  /// The transaction whose frames are being read.
  private var current = Transaction()
  /// One that is not whole. It has rotted if another one follows, since that was written after this one was on the disk; as
  /// the last of all it was being written when the power went, and nobody was told that it was done.
  private var doubtful: Transaction?
  private var taken = 0

  private struct Transaction: Sendable {
    var frames: [UInt32: Int] = [:]
    var pages = 0
    var rottenFrames = 0
  }

  /// - Returns: nil when the head is none, or rotten.
  public init?(head: Span<UInt8>) {
    guard head.count >= Self.headBytes else { return nil }
    let magic = bigEndian(head, 0, bytes: 4)
    guard magic & 0xFFFF_FFFE == 0x377F_0682 else { return nil }
    isBigEndian = magic & 1 == 1
    pageBytes = Int(bigEndian(head, 8, bytes: 4))
    guard (512...65_536).contains(pageBytes), pageBytes & (pageBytes - 1) == 0 else { return nil }
    salts = bigEndian(head, 16, bytes: 8)
    sum = Self.checksum(head, 0..<24, from: (0, 0), isBigEndian)
    guard sum.0 == UInt32(bigEndian(head, 24, bytes: 4)), sum.1 == UInt32(bigEndian(head, 28, bytes: 4)) else {
      return nil
    }
  }

  /// One whose head has rotted: the first frame says which frames belong to it, and cannot be checked itself.
  public init?(firstFrame: Span<UInt8>, pageBytes: Int) {
    guard firstFrame.count >= Self.frameHeadBytes else { return nil }
    self.pageBytes = pageBytes
    // What machines with the other order of bytes wrote is given up.
    isBigEndian = false
    salts = bigEndian(firstFrame, 8, bytes: 8)
    sum = (0, 0)
  }

  /// Takes the next frame, head and page. Frames of an older use of the file, which may lie behind, change nothing.
  public mutating func take(_ frame: Span<UInt8>) {
    guard frame.count == Self.frameHeadBytes + pageBytes else { return }
    var own = Self.checksum(frame, 0..<8, from: sum, isBigEndian)
    own = Self.checksum(frame, Self.frameHeadBytes..<frame.count, from: own, isBigEndian)
    // Each frame's sum goes on from what the one before says of itself: a rotten frame does not spoil the next.
    sum = (UInt32(bigEndian(frame, 16, bytes: 4)), UInt32(bigEndian(frame, 20, bytes: 4)))
    let page = UInt32(bigEndian(frame, 0, bytes: 4))
    defer { taken += 1 }
    guard own == sum, page > 0, bigEndian(frame, 8, bytes: 8) == salts else {
      current.rottenFrames += 1
      return
    }
    current.frames[page] = taken
    current.pages = Int(bigEndian(frame, 4, bytes: 4))
    guard current.pages > 0 else { return }
    if let doubtful { commit(doubtful) }
    if current.rottenFrames == 0 {
      doubtful = nil
      commit(current)
    } else {
      doubtful = current
    }
    current = Transaction()
  }

  private mutating func commit(_ transaction: Transaction) {
    frames.merge(transaction.frames) { $1 }
    pages = transaction.pages
    rottenFrames += transaction.rottenFrames
  }

  /// Source: fileformat2.html, 4.2 Checksum Algorithm.
  private static func checksum(
    _ bytes: Span<UInt8>, _ range: Range<Int>, from start: (UInt32, UInt32), _ isBigEndian: Bool
  ) -> (UInt32, UInt32) {
    var (first, second) = start
    var offset = range.lowerBound
    while offset + 8 <= range.upperBound {
      let high = UInt32(bigEndian(bytes, offset, bytes: 4))
      let low = UInt32(bigEndian(bytes, offset + 4, bytes: 4))
      first = first &+ (isBigEndian ? high : high.byteSwapped) &+ second
      second = second &+ (isBigEndian ? low : low.byteSwapped) &+ first
      offset += 8
    }
    return (first, second)
  }
}
