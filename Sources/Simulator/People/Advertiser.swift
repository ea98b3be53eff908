// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// One source of advertisements in a device: its own address, its own rhythm. A phone has several.
///
/// Times are milliseconds since the scenario began.
public struct Advertiser: Sendable {
  /// When the address changes; what it says changes with it.
  public enum Rotation: Hashable, Sendable {
    /// At UTC quarter hours, as everybody with Bluezone does.
    case utcQuarterHour
    /// Each address lives for a time drawn from these milliseconds, whatever the clock says.
    case own(ClosedRange<Int64>)
    case never

    /// iPhones' own adverts. In the recordings four addresses were seen from beginning to end: they lived 574, 733,
    /// 739 and 874 s. Source: recorded adverts, anechoic chamber and screen room.
    static let iPhone = Rotation.own(570_000...900_000)
    /// Android's default of 15 minutes, to which it adds a random part.
    /// Source: Android Open Source Project, Bluetooth stack, random address interval 7 to 15 minutes.
    static let android = Rotation.own(420_000...900_000)
    /// Windows makes a new address about every quarter of an hour.
    static let windows = Rotation.own(840_000...960_000)
  }

  /// Sends for `on` milliseconds, then pauses for `off`.
  public struct Duty: Hashable, Sendable {
    public var on: Int64
    public var off: Int64
    public var phase: Int64

    /// How far into its round it is.
    func position(at milliseconds: Int64) -> Int64 { (milliseconds + phase) % (on + off) }
  }

  public var payload: AdvertisingPayload
  /// To which every sending adds up to 10 ms.
  public var intervalMilliseconds: Int64
  public var isConnectable: Bool
  public var rotation: Rotation
  public var duty: Duty?
  /// When it sends at all.
  public var active: Range<Int64>
  /// From when its addresses follow one another; nil for from when it first sends. What a phone sends only now and then
  /// goes on under the address that it would have by then.
  public var rotatesSince: Int64?
  /// Advertisers with the same seed and rotation share their addresses.
  public var seed: UInt64
  /// Above what its device sends otherwise, dB.
  public var powerDB: Float = 0

  /// Milliseconds in `range` in which it is on the air, with the pauses taken out.
  public func airTime(in range: Range<Int64>) -> [Range<Int64>] {
    let range = range.clamped(to: active)
    guard !range.isEmpty else { return [] }
    guard let duty else { return [range] }
    var found: [Range<Int64>] = []
    var round = range.lowerBound - duty.position(at: range.lowerBound)
    while round < range.upperBound {
      let on = (round..<round + duty.on).clamped(to: range)
      if !on.isEmpty { found.append(on) }
      round += duty.on + duty.off
    }
    return found
  }

  /// What it sends at a time, and until when.
  struct Period {
    var transmission: SoftwareController.Transmission
    var until: Int64
  }

  func period(at milliseconds: Int64, utc: UTCTime, isInHand: Bool, bluezone: VirtualDevice?) -> Period {
    let (number, until) = number(at: milliseconds, utc: utc)
    var random = SplitMix64(seed: seed ^ UInt64(bitPattern: number) &* 0xD1B5_4A32_D192_ED03)
    let bits = random.next()
    let address =
      rotation == .never && payload.hasPublicAddress
      ? BluetoothAddress(bits: bits, isRandom: false)
      : rotation == .never
        ? BluetoothAddress(bits: bits | 0xC000_0000_0000, isRandom: true)
        : payload.hasNonResolvableAddress
          ? BluetoothAddress(bits: bits & 0x3FFF_FFFF_FFFF, isRandom: true) : .resolvableForm(random: bits)
    let id = payload == .bluezoneAndroid ? bluezone?.bluezoneID(at: utc) : nil
    return Period(
      transmission: .init(
        address: address, data: payload.data(id: id, isInHand: isInHand, seed: seed, random: &random)),
      until: until)
  }

  /// Which address it is at, and until when.
  private func number(at milliseconds: Int64, utc: UTCTime) -> (number: Int64, until: Int64) {
    switch rotation {
    case .never: return (0, .max)
    case .utcQuarterHour:
      let slot = SlotScheme.standard.slot(at: utc)
      let left = SlotScheme.standard.end(of: slot).milliseconds - utc.milliseconds
      return (slot.day &* 96 &+ Int64(slot.index), milliseconds + left)
    case .own(let lives):
      // Walked from before the scenario: a handful of steps for a visitor, some hundred for what stays all day.
      var random = SplitMix64(seed: seed ^ 0xA5A5_A5A5)
      var number: Int64 = 0
      var end = (rotatesSince ?? active.lowerBound) - Int64.random(in: 0..<lives.upperBound, using: &random)
      while end <= milliseconds {
        end += Int64.random(in: lives, using: &random)
        number += 1
      }
      return (number, end)
    }
  }
}
