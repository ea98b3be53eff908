// SPDX-License-Identifier: GPL-3.0-or-later

/// A page of SQLite's b-trees, read without any other page: of a damaged file nothing else may be left. A cell that is
/// not sound is left out, the others stand.
///
/// Source: sqlite.org/fileformat2.html, 1.6 B-tree Pages.
public struct StoredPage: Equatable, Sendable {
  public enum Kind: UInt8, Sendable {
    case indexInterior = 0x02
    case tableInterior = 0x05
    case indexLeaf = 0x0A
    case tableLeaf = 0x0D

    public var isInterior: Bool { self == .indexInterior || self == .tableInterior }
    /// Whether its cells hold rows: of tables in leaves alone, of indices (and of tables without rowids) in all.
    public var holdsRows: Bool { self != .tableInterior }
  }

  public struct Cell: Equatable, Sendable {
    /// nil in an index.
    public var rowID: Int64?
    /// Bytes of the whole row.
    public var payloadBytes: Int
    /// The part of it on this page.
    public var local: Range<Int>
    /// Where it goes on; nil when all is here.
    public var overflow: UInt32?
  }

  public let kind: Kind
  /// Pages below, of an interior page: the left ones of its cells and the rightmost.
  public private(set) var children: [UInt32] = []
  public private(set) var cells: [Cell] = []
  /// Cells that were not sound.
  public private(set) var damagedCells = 0

  /// - Parameters:
  ///   - page: the whole page.
  ///   - isFirst: whether it is the file's first, which begins with the file's header.
  ///   - usable: bytes of a page that SQLite uses.
  /// - Returns: nil when the bytes are no page of a b-tree.
  public init?(_ page: Span<UInt8>, isFirst: Bool, usable: Int) {
    let head = isFirst ? Self.fileHeadBytes : 0
    guard usable >= Self.leastUsable, usable <= page.count, let kind = Kind(rawValue: page[head]) else { return nil }
    self.kind = kind
    let pointers = head + (kind.isInterior ? 12 : 8)
    let count = Int(bigEndian(page, head + 3, bytes: 2))
    guard pointers + 2 * count <= usable else { return nil }
    for i in 0..<count {
      let start = Int(bigEndian(page, pointers + 2 * i, bytes: 2))
      guard start >= pointers + 2 * count, start < usable, read(page, at: start, usable: usable) else {
        damagedCells += 1
        continue
      }
    }
    if kind.isInterior { children.append(UInt32(bigEndian(page, head + 8, bytes: 4))) }
  }

  public static let fileHeadBytes = 100
  /// Source: fileformat2.html, 1.3.4: the usable size is at least 480 bytes.
  public static let leastUsable = 480

  /// - Returns: whether the cell is sound.
  private mutating func read(_ page: Span<UInt8>, at start: Int, usable: Int) -> Bool {
    var offset = start
    if kind.isInterior {
      guard offset + 4 <= usable else { return false }
      children.append(UInt32(bigEndian(page, offset, bytes: 4)))
      offset += 4
    }
    if kind == .tableInterior { return varint(page, &offset, end: usable) != nil }
    guard let length = varint(page, &offset, end: usable), length >= 0, length <= CoreLimits.salvagedRowBytes else {
      return false
    }
    var rowID: Int64?
    if kind == .tableLeaf {
      guard let number = varint(page, &offset, end: usable) else { return false }
      rowID = number
    }
    let payload = Int(length)
    let local = Self.localBytes(payload, isIndex: kind != .tableLeaf, usable: usable)
    let end = offset + local + (local < payload ? 4 : 0)
    guard end <= usable else { return false }
    cells.append(
      Cell(
        rowID: rowID, payloadBytes: payload, local: offset..<offset + local,
        overflow: local < payload ? UInt32(bigEndian(page, offset + local, bytes: 4)) : nil))
    return true
  }

  /// How much of a row stands on the page. Source: fileformat2.html, 1.6, "the amount of payload that spills".
  static func localBytes(_ payload: Int, isIndex: Bool, usable: Int) -> Int {
    let most = isIndex ? (usable - 12) * 64 / 255 - 23 : usable - 35
    guard payload > most else { return payload }
    let least = (usable - 12) * 32 / 255 - 23
    let fitting = least + (payload - least) % (usable - 4)
    return fitting <= most ? fitting : least
  }

  /// A cell's whole row; nil when a page that it goes on to is not there.
  ///
  /// - Parameter next: gives an overflow page.
  public static func payload(
    of cell: Cell, on page: Span<UInt8>, usable: Int, next: (UInt32) -> [UInt8]?
  ) -> [UInt8]? {
    guard cell.local.upperBound <= page.count, usable > 4 else { return nil }
    var bytes: [UInt8] = []
    // Not more at once than a page: the length may be rotten, too.
    bytes.reserveCapacity(min(cell.payloadBytes, usable))
    for i in cell.local { bytes.append(page[i]) }
    var number = cell.overflow ?? 0
    while bytes.count < cell.payloadBytes {
      guard number != 0, let overflow = next(number), overflow.count >= usable else { return nil }
      let count = min(cell.payloadBytes - bytes.count, usable - 4)
      bytes.append(contentsOf: overflow[4..<4 + count])
      number = UInt32(bigEndian(overflow.span, 0, bytes: 4))
    }
    return bytes
  }
}

/// A big-endian number of up to eight bytes; 0 where they do not lie in `bytes`.
func bigEndian(_ bytes: Span<UInt8>, _ offset: Int, bytes count: Int) -> UInt64 {
  guard offset >= 0, count <= 8, offset <= bytes.count - count else { return 0 }
  var value: UInt64 = 0
  for i in 0..<count { value = value << 8 | UInt64(bytes[offset + i]) }
  return value
}

/// A number of one to nine bytes, and moves on; nil when it is cut off. Source: fileformat2.html, 1.6, "varint".
func varint(_ bytes: Span<UInt8>, _ offset: inout Int, end: Int) -> Int64? {
  var value: UInt64 = 0
  for i in 0..<9 {
    guard offset >= 0, offset < min(end, bytes.count) else { return nil }
    let byte = bytes[offset]
    offset += 1
    if i == 8 { return Int64(bitPattern: value << 8 | UInt64(byte)) }
    value = value << 7 | UInt64(byte & 0x7F)
    if byte & 0x80 == 0 { return Int64(bitPattern: value) }
  }
  return nil
}
