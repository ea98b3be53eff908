// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A value of a row, as it stands in SQLite's file.
public enum StoredValue: Hashable, Sendable {
  case null
  case integer(Int64)
  case real(Double)
  case text([UInt8])
  case blob([UInt8])
}

/// A row, as it stands in SQLite's file. Source: sqlite.org/fileformat2.html, 2.1 Record Format.
public enum StoredRow {
  /// - Throws: also when bytes are left over: what rots is rarely as long as it says.
  public static func values(_ payload: Span<UInt8>) throws(ParseError) -> [StoredValue] {
    var offset = 0
    guard let head = varint(payload, &offset, end: payload.count), head >= offset, head <= payload.count else {
      throw ParseError(.invalid, field: "length of the head", offset: 0)
    }
    let headEnd = Int(head)
    var values: [StoredValue] = []
    var place = headEnd
    while offset < headEnd {
      let start = offset
      guard values.count < CoreLimits.salvagedColumns, let type = varint(payload, &offset, end: headEnd),
        let length = bytes(type)
      else { throw ParseError(.invalid, field: "type", offset: start) }
      guard length <= payload.count - place else { throw ParseError(.truncated, field: "value", offset: place) }
      values.append(value(payload, type, place..<place + length))
      place += length
    }
    guard place == payload.count else { throw ParseError(.trailing, field: "row", offset: place) }
    return values
  }

  /// Length of a value of a type; nil when there is no such type.
  private static func bytes(_ type: Int64) -> Int? {
    switch type {
    case 0, 8, 9: 0
    case 1...4: Int(type)
    case 5: 6
    case 6, 7: 8
    case 12...Int64(2 * CoreLimits.salvagedRowBytes): Int(type - 12) / 2
    default: nil
    }
  }

  private static func value(_ payload: Span<UInt8>, _ type: Int64, _ range: Range<Int>) -> StoredValue {
    switch type {
    case 0: return .null
    case 8: return .integer(0)
    case 9: return .integer(1)
    case 1...6:
      let bits = 8 * range.count
      let value = bigEndian(payload, range.lowerBound, bytes: range.count)
      // The sign stands in the first bit.
      return .integer(Int64(bitPattern: value << UInt64(64 - bits)) >> Int64(64 - bits))
    case 7: return .real(Double(bitPattern: bigEndian(payload, range.lowerBound, bytes: 8)))
    default:
      var bytes: [UInt8] = []
      bytes.reserveCapacity(range.count)
      for i in range { bytes.append(payload[i]) }
      return type % 2 == 0 ? .blob(bytes) : .text(bytes)
    }
  }
}

/// How a table's rows look in the file. Which table a page of rows belongs to stands on other pages, which may have rotted:
/// the tables here differ enough to tell from the rows themselves.
public struct StoredShape: Hashable, Sendable {
  public enum Kind: Sendable {
    case integer
    case real
    case text
    case blob
    case any
  }

  public struct Column: Hashable, Sendable {
    public var name: String
    public var kind: Kind
    public var isNullable: Bool
    /// It is the row's number, which does not stand in the row.
    public var isRowID: Bool

    public init(name: String, kind: Kind, isNullable: Bool = false, isRowID: Bool = false) {
      self.name = name
      self.kind = kind
      self.isNullable = isNullable
      self.isRowID = isRowID
    }
  }

  public var table: String
  /// Whether its rows stand in a table's leaves; else in the pages of an index.
  public var hasRowID: Bool
  /// As they stand in the row.
  public var columns: [Column]
  /// Rows of a time before later columns were added have fewer, but not fewer than these.
  public var leastColumns: Int

  public init(table: String, hasRowID: Bool, columns: [Column], leastColumns: Int) {
    self.table = table
    self.hasRowID = hasRowID
    self.columns = columns
    self.leastColumns = leastColumns
  }

  public func fits(_ values: [StoredValue]) -> Bool {
    guard values.count >= leastColumns, values.count <= columns.count else { return false }
    return zip(columns, values).allSatisfy { column, value in
      switch value {
      case .null: column.isNullable || column.isRowID
      case .integer: !column.isRowID && (column.kind == .integer || column.kind == .any)
      case .real: column.kind == .real || column.kind == .any
      case .text: column.kind == .text || column.kind == .any
      case .blob: column.kind == .blob || column.kind == .any
      }
    }
  }
}
