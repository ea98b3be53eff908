// SPDX-License-Identifier: GPL-3.0-or-later

/// A connection was made, or could not be. Source: Core 5.4, vol. 4, part E, 7.7.65.1 and 7.7.65.10.
public struct LEConnectionComplete: Hashable, Sendable {
  public var status: HCIStatus
  /// 0x000 to 0xEFF. Means something only when the status is success.
  public var handle: UInt16
  public var role: LERole
  public var peer: BluetoothAddress

  /// Reads from the status on to the end.
  init(_ bytes: Span<UInt8>, _ cursor: inout ByteCursor, isEnhanced: Bool) throws(ParseError) {
    status = HCIStatus(rawValue: try cursor.uint8(bytes, "Status"))
    handle = try cursor.uint16(bytes, "Connection_Handle") & 0x0FFF
    guard status != .success || handle <= ACLData.largestHandle else {
      throw ParseError(.invalid, field: "Connection_Handle", offset: cursor.offset - 2)
    }
    let roleOffset = cursor.offset
    let role = LERole(rawValue: try cursor.uint8(bytes, "Role"))
    let isRandom = try cursor.uint8(bytes, "Peer_Address_Type") & 1 == 1
    peer = BluetoothAddress(bytes, at: try cursor.range(6, "Peer_Address").lowerBound, isRandom: isRandom)
    if isEnhanced { _ = try cursor.range(12, "resolvable private addresses") }
    _ = try cursor.range(7, "connection parameters")
    try cursor.finish(after: "Central_Clock_Accuracy")
    // A failed connection has no role; controllers put anything there.
    guard let role = role ?? (status == .success ? nil : .central) else {
      throw ParseError(.invalid, field: "Role", offset: roleOffset)
    }
    self.role = role
  }
}
