// SPDX-License-Identifier: GPL-3.0-or-later

/// One report out of an LE Advertising Report event. Source: Core 5.4, vol. 4, part E, 7.7.65.2.
public struct LEAdvertisingReport: Equatable, Sendable {
  /// 0 ADV_IND, 1 ADV_DIRECT_IND, 2 ADV_SCAN_IND, 3 ADV_NONCONN_IND, 4 SCAN_RSP.
  public var eventType: UInt8
  public var address: BluetoothAddress
  /// Where the advertising data lies in the packet, 0 to 31 bytes.
  public var data: Range<Int>
  /// −127 to +20 dBm, nil when the controller does not know.
  public var rssiDBm: Int8?

  /// Reads the next report at `cursor`. Inlined, so that it never lies in memory: that costs a sixth of parsing.
  @inline(__always)
  init(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(ParseError) {
    let start = cursor.offset
    eventType = try cursor.uint8(bytes, "Event_Type")
    guard eventType <= 4 else { throw ParseError(.invalid, field: "Event_Type", offset: start) }
    let addressType = try cursor.uint8(bytes, "Address_Type")
    guard addressType <= 3 else { throw ParseError(.invalid, field: "Address_Type", offset: start + 1) }
    let addressStart = try cursor.range(6, "Address").lowerBound
    // 2 and 3 are public and random identity addresses.
    address = BluetoothAddress(bytes, at: addressStart, isRandom: addressType & 1 == 1)
    let count = try cursor.uint8(bytes, "Data_Length")
    guard count <= 31 else { throw ParseError(.invalid, field: "Data_Length", offset: cursor.offset - 1) }
    data = try cursor.range(Int(count), "Data")
    let rssi = Int8(bitPattern: try cursor.uint8(bytes, "RSSI"))
    rssiDBm = rssi == 127 ? nil : rssi
  }

  /// Reads the next report of an LE Extended Advertising Report event at `cursor`.
  ///
  /// Source: Core 5.4, vol. 4, part E, 7.7.65.13. Data that goes on in a further report is read report by report:
  /// what matters here fits into the first.
  @inline(__always)
  init(extended bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(ParseError) {
    let type = try cursor.uint16(bytes, "Event_Type")
    let addressType = try cursor.uint8(bytes, "Address_Type")
    let addressStart = try cursor.range(6, "Address").lowerBound
    _ = try cursor.range(4, "Primary_PHY to TX_Power")
    let rssi = Int8(bitPattern: try cursor.uint8(bytes, "RSSI"))
    _ = try cursor.range(9, "Periodic_Advertising_Interval to Direct_Address")
    let count = try cursor.uint8(bytes, "Data_Length")
    data = try cursor.range(Int(count), "Data")
    // Bit 0 connectable, 1 scannable, 2 directed, 3 scan response.
    eventType = type & 8 != 0 ? 4 : type & 4 != 0 ? 1 : type & 1 != 0 ? 0 : type & 2 != 0 ? 2 : 3
    // 0xFF: anonymous. It has no address; all such share one that nobody else can have.
    address =
      addressType == 0xFF
      ? BluetoothAddress(bits: 0, isRandom: true)
      : BluetoothAddress(bytes, at: addressStart, isRandom: addressType & 1 == 1)
    rssiDBm = rssi == 127 ? nil : rssi
  }

  /// Whether one may connect to its sender.
  public var isConnectable: Bool { eventType <= 1 }

  /// Reads the number of reports that starts the event. The fields of one report then follow the other's, not all
  /// fields of a kind together: that is what controllers send.
  static func count(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor) throws(ParseError) -> Int {
    let count = try cursor.uint8(bytes, "Num_Reports")
    guard (1...0x19).contains(count) else {
      throw ParseError(.invalid, field: "Num_Reports", offset: cursor.offset - 1)
    }
    return Int(count)
  }
}
