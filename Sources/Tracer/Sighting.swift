// SPDX-License-Identifier: GPL-3.0-or-later

/// One advertisement heard: what the tracer hands to the core.
public struct Sighting: Hashable, Sendable {
  public var address: BluetoothAddress
  /// dBm, nil when the controller did not say.
  public var rssiDBm: Int8?
  /// Whether this was the answer to a scan request instead of an advertisement.
  public var isScanResponse: Bool
  public var facts: AdvertisingFacts

  public init(
    address: BluetoothAddress, rssiDBm: Int8?, isScanResponse: Bool = false, facts: AdvertisingFacts
  ) {
    self.address = address
    self.rssiDBm = rssiDBm
    self.isScanResponse = isScanResponse
    self.facts = facts
  }
}
