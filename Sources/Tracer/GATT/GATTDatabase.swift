// SPDX-License-Identifier: GPL-3.0-or-later

/// The attributes of a server, in the order of their handles, which start at 1. Everything may be read by
/// anyone, nothing may be written. Source: Core 5.4, vol. 3, part G, 3.
public struct GATTDatabase: Hashable, Sendable {
  public struct Attribute: Hashable, Sendable {
    public var type: ATTUUID
    public var value: Value
  }

  public enum Value: Hashable, Sendable {
    case constant([UInt8])
    /// The id of the slot, which the server holds.
    case bluezoneID
  }

  /// Its declarations refer to each other by handle, so that nothing is ever removed.
  public private(set) var attributes: [Attribute] = []

  public init() {}

  /// A primary service; the characteristics added next are its own.
  public mutating func addService(_ uuid: ATTUUID) {
    attributes.append(Attribute(type: .primaryService, value: .constant(uuid.bytes)))
  }

  /// A characteristic that can be read: its declaration and its value. Source: the same, 3.3.
  public mutating func addCharacteristic(_ uuid: ATTUUID, _ value: Value) {
    let valueHandle = handle(at: attributes.count + 1)
    let declaration = [Self.propertyRead] + valueHandle.rawValue.littleEndianBytes + uuid.bytes
    attributes.append(Attribute(type: .characteristic, value: .constant(declaration)))
    attributes.append(Attribute(type: uuid, value: value))
  }

  // Source: the same, 3.3.1.1.
  private static let propertyRead: UInt8 = 0x02

  /// What a kiosk offers: who it is, and Bluezone's service of the iOS form with the id to read. The Generic
  /// Attribute service stands empty, as it may where attributes never change.
  public static func kiosk(deviceName: String, appearance: UInt16) -> Self {
    var database = Self()
    database.addService(.genericAccess)
    database.addCharacteristic(.deviceName, .constant(nameBytes(deviceName)))
    database.addCharacteristic(.appearance, .constant(appearance.littleEndianBytes))
    database.addService(.genericAttribute)
    database.addService(.bluezoneService)
    database.addCharacteristic(.bluezoneID, .bluezoneID)
    return database
  }

  private static func nameBytes(_ name: String) -> [UInt8] {
    var bytes: [UInt8] = []
    for character in name {
      guard bytes.count + character.utf8.count <= TracerLimits.deviceNameBytes else { break }
      bytes += character.utf8
    }
    return bytes
  }

  /// nil for a handle that no attribute has.
  public subscript(handle: ATTHandle) -> Attribute? {
    let index = Int(handle.rawValue) - 1
    return attributes.indices.contains(index) ? attributes[index] : nil
  }

  /// The handles of attributes inside `range`, which is valid, in order.
  func handles(in range: ATTHandleRange) -> some Sequence<ATTHandle> {
    let end = min(Int(range.end.rawValue), attributes.count)
    let start = min(Int(range.start.rawValue), end + 1)
    return (start..<end + 1).lazy.map { ATTHandle(rawValue: UInt16(clamping: $0)) }
  }

  /// The attribute with all that belongs to it: a service up to the next one, a characteristic up to the next
  /// one or the next service, anything else alone. Source: the same, 2.5.3.
  func group(startingAt handle: ATTHandle) -> ATTHandleRange {
    let ends: Set<ATTUUID> =
      switch self[handle]?.type {
      case .primaryService, .secondaryService: [.primaryService, .secondaryService]
      case .characteristic: [.primaryService, .secondaryService, .characteristic]
      default: []
      }
    guard !ends.isEmpty else { return ATTHandleRange(handle, handle) }
    // The index of the next attribute is the number of this one's handle.
    let next = attributes.dropFirst(Int(handle.rawValue)).firstIndex { ends.contains($0.type) }
    return ATTHandleRange(handle, self.handle(at: (next ?? attributes.count) - 1))
  }

  private func handle(at index: Int) -> ATTHandle { ATTHandle(rawValue: UInt16(clamping: index + 1)) }
}
