// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Contacts of one log slot in 24 bytes each: how the log keeps a slot that is over. Two pieces, so that matching reads
/// the ids alone:
///
///     ids:   version (1), checksum (8), 12 bytes a contact: its id
///     facts: version (1), checksum (8), 12 bytes a contact: first (2), last (2), count (2), nearest (1), platform (1),
///            rssiSum (4)
///
/// Numbers are big-endian. `nearest` is 128 more than it says, 255 for none; `platform` is 0 for none; `rssiSum` is 2³¹ more
/// than it says. The checksum covers slot, kind, length and content: what rots, or comes to lie at another slot, is refused
/// whole. The view `contact` reads the same layout in SQL.
public enum ContactPack {
  public static let version: UInt8 = 1
  /// Bytes before the first contact of a piece, and of each contact.
  public static let headBytes = 9
  public static let contactBytes = 12

  /// What of a pack a piece holds.
  public enum Piece: UInt64, Sendable {
    case ids = 0
    case facts = 1
  }

  /// Values that a pack can hold; what is outside stays a row.
  public static let seconds: ClosedRange<Int64> = 0...Int64(UInt16.max)
  public static let counts: ClosedRange<Int> = 0...Int(UInt16.max)
  public static let strengths: ClosedRange<Int> = -128...126
  public static let sums: ClosedRange<Int> = Int(Int32.min)...Int(Int32.max)

  // MARK: Writing

  /// The two pieces; nil when a contact does not fit.
  public static func pack(_ contacts: [LoggedContact], slot: Int64) -> (ids: [UInt8], facts: [UInt8])? {
    var ids = head(contacts.count)
    var facts = head(contacts.count)
    for contact in contacts {
      let strength = contact.strength
      guard seconds.contains(contact.first), seconds.contains(contact.last), counts.contains(strength.count),
        strengths.contains(strength.nearestDBm ?? 0), sums.contains(strength.sumDBm)
      else { return nil }
      append(contact.id.high, 8, to: &ids)
      append(UInt64(contact.id.low), 4, to: &ids)
      append(UInt64(contact.first), 2, to: &facts)
      append(UInt64(contact.last), 2, to: &facts)
      append(UInt64(strength.count), 2, to: &facts)
      append(UInt64((strength.nearestDBm ?? 127) + 128), 1, to: &facts)
      append(UInt64(contact.platform?.rawValue ?? 0), 1, to: &facts)
      append(UInt64(strength.sumDBm - Int(Int32.min)), 4, to: &facts)
    }
    seal(&ids, .ids, slot: slot)
    seal(&facts, .facts, slot: slot)
    return (ids, facts)
  }

  /// Puts the checksum of what follows the head into it.
  static func seal(_ bytes: inout [UInt8], _ piece: Piece, slot: Int64) {
    guard bytes.count >= headBytes else { return }
    let sum = checksum(bytes.span, piece, slot: slot)
    for i in 0..<8 { bytes[1 + i] = UInt8(truncatingIfNeeded: sum >> (56 - 8 * UInt64(i))) }
  }

  private static func head(_ contacts: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headBytes + contacts * contactBytes)
    bytes.append(version)
    bytes.append(contentsOf: repeatElement(0, count: headBytes - 1))
    return bytes
  }

  private static func append(_ value: UInt64, _ count: UInt64, to bytes: inout [UInt8]) {
    for i in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * (count - 1 - i)))) }
  }

  // MARK: Reading

  /// Gives each id as `BluezoneID` has it, after the whole piece was checked.
  @inline(__always)
  public static func forEachID(
    _ ids: Span<UInt8>, slot: Int64, _ body: (_ high: UInt64, _ low: UInt32) -> Void
  ) throws(ParseError) {
    let count = try count(ids, .ids, slot: slot)
    for i in 0..<count {
      let offset = headBytes + i * contactBytes
      body(number(ids, offset, as: UInt64.self), number(ids, offset + 8, as: UInt32.self))
    }
  }

  /// All of a pack.
  ///
  /// - Throws: also when the two pieces are not of equally many contacts.
  public static func contacts(ids: Span<UInt8>, facts: Span<UInt8>, slot: Int64) throws(ParseError) -> [LoggedContact] {
    let count = try count(facts, .facts, slot: slot)
    var contacts: [LoggedContact] = []
    contacts.reserveCapacity(count)
    var found: [BluezoneID] = []
    try forEachID(ids, slot: slot) { found.append(BluezoneID(high: $0, low: $1)) }
    guard found.count == count else { throw ParseError(.invalid, field: "facts", offset: headBytes) }
    for (i, id) in found.enumerated() { contacts.append(try contact(id, facts, i)) }
    return contacts
  }

  /// The contact of an id; nil when the pack has none.
  public static func contact(
    _ id: BluezoneID, ids: Span<UInt8>, facts: Span<UInt8>, slot: Int64
  ) throws(ParseError) -> LoggedContact? {
    var (at, place): (Int, Int?) = (0, nil)
    try forEachID(ids, slot: slot) { high, low in
      if high == id.high, low == id.low { place = at }
      at += 1
    }
    guard let place else { return nil }
    let count = try count(facts, .facts, slot: slot)
    guard count == at else { throw ParseError(.invalid, field: "facts", offset: headBytes) }
    return try contact(id, facts, place)
  }

  /// The contact at a place of a piece that was checked.
  private static func contact(_ id: BluezoneID, _ facts: Span<UInt8>, _ place: Int) throws(ParseError) -> LoggedContact
  {
    let offset = headBytes + place * contactBytes
    let nearest = number(facts, offset + 6, as: UInt8.self)
    let platform = number(facts, offset + 7, as: UInt8.self)
    guard platform == 0 || Platform(rawValue: Int(platform)) != nil else {
      throw ParseError(.invalid, field: "platform", offset: offset + 7)
    }
    return LoggedContact(
      id: id, first: Int64(number(facts, offset, as: UInt16.self)),
      last: Int64(number(facts, offset + 2, as: UInt16.self)),
      strength: .init(
        count: Int(number(facts, offset + 4, as: UInt16.self)),
        nearestDBm: nearest == .max ? nil : Int(nearest) - 128,
        sumDBm: Int(number(facts, offset + 8, as: UInt32.self)) + Int(Int32.min)),
      platform: Platform(rawValue: Int(platform)))
  }

  /// How many contacts a piece is of, after everything else about it was checked.
  private static func count(_ bytes: Span<UInt8>, _ piece: Piece, slot: Int64) throws(ParseError) -> Int {
    let field = piece == .ids ? "ids" : "facts"
    guard bytes.count >= headBytes else { throw ParseError(.truncated, field: field, offset: bytes.count) }
    guard number(bytes, 0, as: UInt8.self) == version else { throw ParseError(.invalid, field: "version", offset: 0) }
    let (count, rest) = (bytes.count - headBytes).quotientAndRemainder(dividingBy: contactBytes)
    guard rest == 0 else { throw ParseError(.truncated, field: field, offset: bytes.count) }
    guard number(bytes, 1, as: UInt64.self) == checksum(bytes, piece, slot: slot) else {
      throw ParseError(.invalid, field: "checksum of \(field)", offset: 1)
    }
    return count
  }

  private static func checksum(_ bytes: Span<UInt8>, _ piece: Piece, slot: Int64) -> UInt64 {
    let seed = UInt64(bitPattern: slot) &* PackedBytes.multiplier ^ UInt64(bytes.count) << 1 ^ piece.rawValue
    return PackedBytes.checksum(bytes, from: headBytes, seed: seed)
  }

  @inline(__always)
  private static func number<T: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: Span<UInt8>, _ offset: Int, as type: T.Type
  ) -> T {
    PackedBytes.number(bytes, offset, as: type)
  }
}
