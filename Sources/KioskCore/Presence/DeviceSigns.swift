// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What one advertisement says about its sender: what it is, what runs on it, and which of a phone's several streams of
/// advertisements this is.
public struct DeviceSigns: Hashable, Sendable {
  public var kind: DeviceKind
  /// nil where the payload does not tell.
  public var platform: Platform?
  public var stream: Stream
  /// How telling the sign was: the row of the table, 0 the most. A device is what its most telling advertisement says.
  public var rank: UInt8

  /// A phone sends each stream under one address at a time. Two addresses that send the same stream at the same time
  /// are two phones.
  public struct Stream: OptionSet, Hashable, Sendable {
    public var rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let bluezone = Self(rawValue: 1)
    public static let appleNearby = Self(rawValue: 2)
    public static let appleOther = Self(rawValue: 4)
    public static let exposureNotification = Self(rawValue: 8)
    public static let androidNearby = Self(rawValue: 16)
    public static let maker = Self(rawValue: 32)
  }

  public init(_ facts: AdvertisingFacts) {
    if facts.bluezoneID != nil {
      (kind, platform, stream, rank) = (.bluezoner, .android, .bluezone, 0)
    } else if facts.hasIOSBluezoneService {
      (kind, platform, stream, rank) = (.phoneWithApp, .ios, .bluezone, 1)
    } else if facts.hasOverflowBit {
      // Perhaps another app's: it is asked.
      (kind, platform, stream, rank) = (.phone, .ios, .bluezone, 2)
    } else if let i = Self.table.firstIndex(where: { $0.fits(facts) }) {
      let row = Self.table[i]
      (kind, platform, stream, rank) = (row.kind, row.platform, row.stream, UInt8(3 + i))
    } else {
      (kind, platform, stream, rank) = (.unknown, nil, [], .max)
    }
  }

  /// A device whose id is known.
  init(bluezonerOn platform: Platform?) {
    (kind, self.platform, stream, rank) = (.bluezoner, platform, .bluezone, 0)
  }

  /// The same, with what the address tells: phones hide behind private addresses, so what sends nothing known from a
  /// public or static address is a thing. What the payload says comes first.
  /// Source: Core 5.4, vol. 6, part B, 1.3.2; Android 5 and iOS 8 and later use private addresses.
  public init(_ facts: AdvertisingFacts, from address: BluetoothAddress) {
    self.init(facts)
    guard address.randomKind == nil || address.randomKind == .isStatic else { return }
    if kind == .unknown || stream == .maker { (kind, platform, stream) = (.accessory, nil, []) }
  }

  /// The one table from payload to device. The first row that fits decides; a device that fits none is unknown.
  ///
  /// A tablet sends the same messages as an iPhone and is taken for a phone, as is a Mac whose messages differ from those
  /// recorded; telling them apart needs time, not bytes.
  private static let table: [Row] = [
    Row(.accessory, nil, [], .apple(AppleContinuity.proximityPairing), continuity),
    Row(
      .computer, nil, [], .appleComputer,
      "recorded adverts, docs/counting.md: Macs send no BR/EDR flag and nearby information without a motion byte"),
    Row(
      .accessory, nil, [], .appleWatch,
      "Martin et al., PoPETs 2019, and its authors' dissector: auto unlock, which only watches show with 5 bytes"),
    Row(.phone, .ios, .appleOther, .overflow, "docs/bluezone.md, Radio: apps in an iPhone's background"),
    Row(.phone, .ios, .appleOther, .apple(AppleContinuity.tetheringSource), continuity),
    Row(.phone, .ios, .appleNearby, .apple(AppleContinuity.nearbyAction), continuity),
    Row(.phone, .ios, .appleNearby, .apple(AppleContinuity.nearbyInfo), continuity),
    Row(.phone, .ios, .appleNearby, .apple(AppleContinuity.handoff), continuity),
    Row(.phone, .ios, .appleOther, .apple(AppleContinuity.airDrop), continuity),
    Row(.fixture, nil, [], .apple(AppleContinuity.iBeacon), continuity),
    Row(.fixture, nil, [], .apple(AppleContinuity.airPlayTarget), continuity),
    Row(.accessory, nil, [], .apple(AppleContinuity.magicSwitch), continuity),
    Row(.accessory, nil, [], .apple(AppleContinuity.findMy), continuity),
    Row(
      .phone, nil, .exposureNotification, .service(0xFD6F),
      "Assigned Numbers, SDO services: exposure notification, sent by phones only"),
    Row(
      .phone, .android, .androidNearby, .service(0xFEF3),
      "Assigned Numbers, member services: Google; Android's nearby share"),
    Row(
      .accessory, nil, [], .service(0xFE2C),
      "Assigned Numbers, member services: Google Fast Pair, sent by accessories"),
    Row(.accessory, nil, [], .service(0xFEED), "Assigned Numbers, member services: Tile tags"),
    Row(.accessory, nil, [], .service(0xFD5A), "Assigned Numbers, member services: Samsung; SmartTag"),
    Row(.fixture, nil, [], .service(0xFEAA), "Assigned Numbers, member services: Google Eddystone beacons"),
    Row(.accessory, nil, [], .service(0x180D), "Assigned Numbers, GATT services: heart rate"),
    Row(
      .phone, .android, .maker, .company(0x0075),
      "Assigned Numbers, company identifiers: Samsung; its televisions do not hide their address"),
    Row(
      .computer, nil, [], .company(0x0006),
      "Assigned Numbers, company identifiers: Microsoft; Windows' device discovery"),
  ]

  private static let continuity: StaticString = "Celosia and Cunche, PoPETs 2020, table 1"

  private struct Row: Sendable {
    enum Sign: Sendable { case apple(UInt8), overflow, appleComputer, appleWatch, service(UInt16), company(UInt16) }
    var kind: DeviceKind
    var platform: Platform?
    var stream: Stream
    var sign: Sign
    var source: StaticString

    init(_ kind: DeviceKind, _ platform: Platform?, _ stream: Stream, _ sign: Sign, _ source: StaticString) {
      self.kind = kind
      self.platform = platform
      self.stream = stream
      self.sign = sign
      self.source = source
    }

    func fits(_ facts: AdvertisingFacts) -> Bool {
      switch sign {
      case .apple(let type): facts.hasAppleType(type)
      case .overflow: facts.hasAppleType(AppleContinuity.overflowArea)
      case .appleComputer:
        facts.flags == 0x06 && facts.nearbyInfo?.byteCount == 5 && facts.nearbyInfo.map { $0.dataFlags & 0x86 } == 0
      case .appleWatch: facts.nearbyInfo?.byteCount == 5 && facts.nearbyInfo.map { $0.dataFlags & 0x80 } == 0x80
      case .service(let uuid): facts.hasService(uuid)
      case .company(let id): facts.companyID == id
      }
    }
  }
}
