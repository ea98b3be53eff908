// SPDX-License-Identifier: GPL-3.0-or-later

/// One advertisement heard: what the tracer hands to the core.
public struct Sighting: Hashable, Sendable {
  public var address: BluetoothAddress
  /// dBm, nil when the controller did not say.
  public var rssiDBm: Int8?
  /// Whether this was the answer to a scan request instead of an advertisement.
  public var isScanResponse: Bool
  public var facts: AdvertisingFacts
  /// The id that was read from this address over GATT in this slot.
  public var readID: BluezoneID?
  /// `readID` was not read now but earlier, in what was the same slot by this node's clock.
  public var isRemembered = false
  /// It was asked, and has no Bluezone: what hinted at it was another app.
  public var isStranger = false

  /// The platform of a Bluezoner, by the way in which its id was learnt: only iPhones have to be asked.
  public var platform: Platform? { facts.bluezoneID != nil ? .android : readID != nil ? .ios : nil }

  /// The id, however it was learnt.
  public var bluezoneID: BluezoneID? { facts.bluezoneID ?? readID }

  public init(
    address: BluetoothAddress, rssiDBm: Int8?, isScanResponse: Bool = false, facts: AdvertisingFacts
  ) {
    self.address = address
    self.rssiDBm = rssiDBm
    self.isScanResponse = isScanResponse
    self.facts = facts
  }
}
