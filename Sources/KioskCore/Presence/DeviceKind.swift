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
  /// Beacons and televisions.
  case fixture
  case unknown
}

extension DeviceKind {
  /// The one table from payload to kind. The first row that fits decides; a device that fits none is unknown.
  ///
  /// A Mac sends the same messages as an iPhone and is taken for a phone; telling them apart needs time, not bytes.
  private static let table: [Row] = [
    Row(.accessory, .apple(AppleContinuity.proximityPairing), AppleContinuity.source),
    Row(.phone, .apple(AppleContinuity.tetheringSource), AppleContinuity.source),
    Row(.phone, .apple(AppleContinuity.nearbyAction), AppleContinuity.source),
    Row(.phone, .apple(AppleContinuity.nearbyInfo), AppleContinuity.source),
    Row(.phone, .apple(AppleContinuity.handoff), AppleContinuity.source),
    Row(.fixture, .apple(AppleContinuity.iBeacon), AppleContinuity.source),
    Row(.fixture, .apple(AppleContinuity.airPlayTarget), AppleContinuity.source),
    Row(.accessory, .apple(AppleContinuity.findMy), AppleContinuity.source),
    Row(.phone, .service(0xFD6F), "Assigned Numbers, SDO services: exposure notification, sent by phones only"),
    Row(.phone, .service(0xFEF3), "Assigned Numbers, member services: Google; Android's nearby share"),
    Row(.accessory, .service(0xFE2C), "Assigned Numbers, member services: Google Fast Pair, sent by accessories"),
    Row(.accessory, .service(0xFEED), "Assigned Numbers, member services: Tile tags"),
    Row(.accessory, .service(0xFD5A), "Assigned Numbers, member services: Samsung; SmartTag"),
    Row(.fixture, .service(0xFEAA), "Assigned Numbers, member services: Google Eddystone beacons"),
    Row(.accessory, .service(0x180D), "Assigned Numbers, GATT services: heart rate"),
    Row(.computer, .company(0x0006), "Assigned Numbers, company identifiers: Microsoft; Windows' device discovery"),
  ]

  private struct Row: Sendable {
    enum Sign: Sendable { case apple(UInt8), service(UInt16), company(UInt16) }
    var kind: DeviceKind
    var sign: Sign
    var source: StaticString

    init(_ kind: DeviceKind, _ sign: Sign, _ source: StaticString) {
      self.kind = kind
      self.sign = sign
      self.source = source
    }

    func fits(_ facts: AdvertisingFacts) -> Bool {
      switch sign {
      case .apple(let type): facts.hasAppleType(type)
      case .service(let uuid): facts.hasService(uuid)
      case .company(let id): facts.companyID == id
      }
    }
  }

  public init(_ facts: AdvertisingFacts) {
    if facts.bluezoneID != nil {
      self = .bluezoner
    } else if facts.hasIOSBluezoneService {
      self = .phoneWithApp
    } else {
      self = Self.table.first { $0.fits(facts) }?.kind ?? .unknown
    }
  }
}

extension AppleContinuity {
  fileprivate static let source: StaticString = "Celosia and Cunche, PoPETs 2020, table 1"
}
