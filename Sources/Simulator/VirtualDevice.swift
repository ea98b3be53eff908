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
  }

  public let kind: Kind
  /// The key of a Bluezoner, from which an F0 batch can be made; nil for others.
  public let identity: BluezoneIdentity?
  /// Repeats: out of range, walking up, standing near, walking away. nil for what stays.
  public let visit: Visit?
  /// Strength while standing near, dBm.
  public let nearDBm: Int
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
      kind == .androidBluezoner
      ? BluezoneKey(key).map { BluezoneIdentity(baseKey: $0, baseDay: baseDay) } : nil
    intervalMilliseconds =
      switch kind {
      case .androidBluezoner: 100
      case .iPhone: 270
      case .androidPhone: 400
      case .computer: 200
      case .beacon: 1000
      }
  }

  static let farDBm = -97

  /// Mean strength at the kiosk at a time, nil while out of range.
  func meanDBm(at time: MonotonicTime) -> Int? {
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

  /// What it sends in the slot of `utc`.
  public func transmission(at utc: UTCTime) -> SoftwareController.Transmission {
    let slot = SlotScheme.standard.slot(at: utc)
    var random = SplitMix64(seed: seed ^ UInt64(bitPattern: slot.day &* 96 &+ Int64(slot.index)))
    let rotating = BluetoothAddress.resolvableForm(random: random.next())
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
    case .beacon:
      return .init(address: fixed, data: [2, 0x01, 0x06, 3, 0x03, 0xAA, 0xFE, 4, 0x16, 0xAA, 0xFE, 0x00])
    }
  }
}
