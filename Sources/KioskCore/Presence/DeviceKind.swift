// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What a device seems to be, from what it sends.
public enum DeviceKind: String, Hashable, Sendable, CaseIterable {
  /// Sends a valid Bluezone ID.
  case bluezoner
  /// Offers Bluezone's service, its id not read: an iPhone with the app open.
  case phoneWithApp
  /// A phone, tablet or other device that a person holds.
  case phone
  case computer
  /// Headsets, watches, tags.
  case accessory
  /// Beacons, televisions, and whatever has been here for hours.
  case fixture
  case unknown

  /// Whether it stands for a person.
  public var isPhone: Bool { self == .bluezoner || self == .phoneWithApp || self == .phone }

  public init(_ facts: AdvertisingFacts) { self = DeviceSigns(facts).kind }
}
