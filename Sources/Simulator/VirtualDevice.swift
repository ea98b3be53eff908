// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Something near the kiosk that sends: a person's phone that comes and goes, or a thing that stays.
public struct VirtualDevice: Sendable {
  public enum Kind: Hashable, Sendable {
    /// A phone with the app, Android: 15 s on, 15 s off, id and address new each slot.
    case androidBluezoner
    /// An iPhone without the app.
    case iPhone
    /// An Android phone without the app.
    case androidPhone
    /// A Windows computer at the desk.
    case computer
    /// A beacon on the wall.
    case beacon
    /// An iPhone with the app open: the service and a name, the id to be read.
    case iPhoneBluezonerForeground
    /// An iPhone with the app in the background: a bit of Apple's overflow area, perhaps others beside it.
    case iPhoneBluezonerBackground
    /// An iPhone without the app; another one in its background has the same bit.
    case iPhoneOtherBackgroundApp

    /// Whether it has the app, and so ids.
    public var isBluezoner: Bool {
      switch self {
      case .androidBluezoner, .iPhoneBluezonerForeground, .iPhoneBluezonerBackground: true
      case .iPhone, .androidPhone, .computer, .beacon, .iPhoneOtherBackgroundApp: false
      }
    }

    /// Whether one can connect to it.
    public var isConnectable: Bool {
      switch self {
      case .androidBluezoner, .iPhoneBluezonerForeground, .iPhoneBluezonerBackground, .iPhoneOtherBackgroundApp: true
      case .iPhone, .androidPhone, .computer, .beacon: false
      }
    }
  }

  public let kind: Kind
  /// The key of a Bluezoner, from which an F0 batch can be made; nil for others.
  public let identity: BluezoneIdentity?
  /// Repeats: out of range, walking up, standing near, walking away. nil for what stays.
  public let visit: Visit?
  /// Strength while standing near, dBm.
  public let nearDBm: Int
  /// How it behaves when somebody connects to it.
  public var behaviour = VirtualPeer.Behaviour.answers
  /// Its address stays when its id changes: an iPhone's rotates by a clock of its own.
  public var keepsAddress = false
  /// When it is here at all, beside its visits; nil for always. The air forgets it afterwards.
  public var presence: Range<MonotonicTime>?
  let intervalMilliseconds: Int64
  private let seed: UInt64

  /// Milliseconds of each part of a visitor's round.
  public struct Visit: Hashable, Sendable {
    public var startOffset: Int64
    public var away: Int64
    public var walk: Int64
    public var stay: Int64
    var round: Int64 { away + 2 * walk + stay }
  }

  public init(_ kind: Kind, nearDBm: Int, visit: Visit?, baseDay: Int64, random: inout SplitMix64) {
    self.kind = kind
    self.nearDBm = nearDBm
    self.visit = visit
    seed = random.next()
    var key: [UInt8] = []
    while key.count < BluezoneKey.byteCount { key.append(UInt8.random(in: 0...255, using: &random)) }
    identity =
      kind.isBluezoner
      ? BluezoneKey(key).map { BluezoneIdentity(baseKey: $0, baseDay: baseDay) } : nil
    // Drawn from its own seed, so that the order of draws stays the same for every kind.
    var own = SplitMix64(seed: seed)
    intervalMilliseconds =
      switch kind {
      case .iPhoneBluezonerForeground: Int64.random(in: 100...300, using: &own)
      case .iPhoneBluezonerBackground, .iPhoneOtherBackgroundApp: Int64.random(in: 300...1000, using: &own)
      case .androidBluezoner: 100
      case .iPhone: 270
      case .androidPhone: 400
      case .computer: 200
      case .beacon: 1000
      }
  }

  static let farDBm = -97

  /// Whether it is in range.
  func isPresent(at time: MonotonicTime) -> Bool { meanDBm(at: time) != nil }

  /// Mean strength at the kiosk at a time, nil while out of range.
  func meanDBm(at time: MonotonicTime) -> Int? {
    if let presence, !presence.contains(time) { return nil }
    guard let visit, visit.round > 0 else { return nearDBm }
    let phase = (time.milliseconds + visit.startOffset) % visit.round
    switch phase {
    case ..<visit.away: return nil
    case ..<(visit.away + visit.walk): return ramp(phase - visit.away, of: visit.walk)
    case ..<(visit.away + visit.walk + visit.stay): return nearDBm
    default: return ramp(visit.round - phase, of: visit.walk)
    }
  }

  private func ramp(_ elapsed: Int64, of duration: Int64) -> Int {
    Self.farDBm + Int(Int64(nearDBm - Self.farDBm) * elapsed / max(duration, 1))
  }

  /// Whether its radio is on: the Android app pauses 15 s of every 30.
  func isSending(at time: MonotonicTime) -> Bool {
    kind != .androidBluezoner || (time.milliseconds + Int64(seed % 30_000)) % 30_000 < 15_000
  }

  /// Whether it asks for an MTU itself when somebody connects.
  var asksForMTU: Bool { seed & 1 == 1 }

  /// Its id at a moment; nil without the app, and before its first day.
  public func bluezoneID(at utc: UTCTime) -> BluezoneID? {
    var identity = identity
    return try? identity?.bluezoneID(in: SlotScheme.standard.slot(at: utc))
  }

  /// What it offers over GATT.
  var database: GATTDatabase {
    var database = GATTDatabase()
    database.addService(.genericAccess)
    database.addCharacteristic(.deviceName, .constant(Array("iPhone".utf8)))
    database.addCharacteristic(.appearance, .constant([0x40, 0x00]))
    database.addService(.genericAttribute)
    // Apple's continuity service, as every iPhone has it.
    database.addService(ATTUUID(high: 0xD061_1E78_BBB4_4591, low: 0xA5F8_4879_10AE_4366))
    database.addCharacteristic(ATTUUID(high: 0x8667_556C_9A37_4C91, low: 0x84ED_54EE_27D9_0049), .constant([0]))
    guard kind.isBluezoner else { return database }
    database.addService(.bluezoneService)
    if case .wrongLength(let count) = behaviour {
      database.addCharacteristic(.bluezoneID, .constant([UInt8](repeating: 0x5A, count: count)))
    } else {
      database.addCharacteristic(.bluezoneID, .bluezoneID)
    }
    return database
  }

  /// What it sends in the slot of `utc`.
  public func transmission(at utc: UTCTime) -> SoftwareController.Transmission {
    let slot = SlotScheme.standard.slot(at: utc)
    var random = SplitMix64(seed: seed ^ UInt64(bitPattern: slot.day &* 96 &+ Int64(slot.index)))
    let drawn = random.next()
    let rotating = BluetoothAddress.resolvableForm(random: keepsAddress ? seed : drawn)
    let fixed = BluetoothAddress(bits: seed, isRandom: false)
    let noise = (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) }
    switch kind {
    case .androidBluezoner:
      var identity = identity
      let id = try? identity?.bluezoneID(in: slot)
      return .init(address: rotating, data: id.map(BluezoneAdvertisement.data) ?? [])
    case .iPhone:
      return .init(address: rotating, data: [2, 0x01, 0x1A, 10, 0xFF, 0x4C, 0x00, 0x10, 0x05] + noise)
    case .androidPhone:
      return .init(address: rotating, data: [3, 0x03, 0xF3, 0xFE, 8, 0x16, 0xF3, 0xFE] + noise)
    case .computer:
      return .init(address: rotating, data: [8, 0xFF, 0x06, 0x00] + noise)
    case .iPhoneBluezonerForeground:
      return .init(
        address: rotating,
        data: [2, 0x01, 0x1A, 17, 0x07] + BluezoneAdvertisement.iosServiceUUID + [9, 0x09] + Array("Bluezone".utf8))
    case .iPhoneBluezonerBackground, .iPhoneOtherBackgroundApp:
      // One in four has other apps in the background as well.
      let others: [UInt8] = seed % 4 == 0 ? [noise[0], noise[1]] : [0, 0]
      let mask = [0x08 | others[0], others[1]] + [UInt8](repeating: 0, count: 14)
      return .init(address: rotating, data: [2, 0x01, 0x1A, 20, 0xFF, 0x4C, 0x00, 0x01] + mask)
    case .beacon:
      return .init(address: fixed, data: [2, 0x01, 0x06, 3, 0x03, 0xAA, 0xFE, 4, 0x16, 0xAA, 0xFE, 0x00])
    }
  }
}
