// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// A device with a radio: what a person carries, or a thing of the office.
public struct Handset: Sendable {
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case iPhone = "iphone"
    case androidPhone = "android"
    case watch, headset, band, tag
    case computer, television, beacon

    public var isPhone: Bool { self == .iPhone || self == .androidPhone }
  }

  /// Where it is on the body. A body between it and the kiosk costs most.
  public enum Carriage: String, Hashable, Sendable, CaseIterable {
    case hand, frontPocket, backPocket, bag, wrist, ear
    /// Not on a body.
    case free

    /// What is lost with the body behind the device and with the body in front of it, dB; and where on the body it is
    /// (1 front, −1 back).
    ///
    /// In the recordings a phone's median changes by 5 to 25 dB over a turn of its wearer in the anechoic chamber,
    /// and by 3 to 10 dB where walls reflect; a hall lies between.
    var loss: (least: Float, most: Float, front: Float) {
      switch self {
      case .hand: (1, 10, 1)
      case .frontPocket: (4, 16, 1)
      case .backPocket: (4, 16, -1)
      case .bag: (4, 12, 0.3)
      case .wrist: (1, 9, 0.5)
      case .ear: (1, 7, 0)
      case .free: (0, 0, 1)
      }
    }
  }

  public var kind: Kind
  /// At 1 m, nothing between, as the kiosk's antenna takes it, dBm. Differs by 20 dB from model to model.
  public var levelDBm: Float
  /// The transmit power that an iPhone tells, dBm.
  public var txPowerDBm: Int8?
  public var carriage: Carriage
  /// When it is held in the hand and used instead.
  public var inHand: [Range<Int64>] = []
  public var advertisers: [Advertiser] = []
  /// Its id and what it answers over GATT, when it has Bluezone.
  public var bluezone: VirtualDevice?
  /// What an iPhone answers that has another app with the same bit, while it does not have Bluezone.
  public var otherApp: VirtualDevice?
  /// From when on it has Bluezone; nil for never.
  public var bluezoneSince: Int64?

  public var hasBluezone: Bool { bluezoneSince != nil }

  public var platform: Platform? { kind == .iPhone ? .ios : kind == .androidPhone ? .android : nil }

  func isInHand(at milliseconds: Int64) -> Bool { inHand.contains { $0.contains(milliseconds) } }

  /// Loss by the body that carries it.
  ///
  /// - Parameter towards: 1 when the person faces the kiosk, −1 when they turn their back to it.
  func bodyLoss(towards: Float, isInHand: Bool) -> Float {
    let loss = (isInHand ? .hand : carriage).loss
    let shadow = (1 - towards * loss.front) / 2
    return loss.least + (loss.most - loss.least) * shadow
  }
}

extension Handset {
  /// How strongly an iPhone that sends with 12 dBm is heard at 1 m. Recorded ones that tell 8 dBm were heard with −46 to
  /// −50 dBm at 1.83 m at best, which is −42 at 1 m; a kiosk's antenna behind a screen or in a small computer's case is
  /// taken to lose 12 dB.
  static let iPhoneLevelDBm: Float = -50
  /// The transmit powers that iPhones tell, dBm: in the recordings those that were worn tell 8, a third of all tell 12.
  static let toldTxPowersDBm: [Int8] = [8, 8, 12]
  /// Android phones send weaker by about so much: Bluezone's own thresholds of "near" differ by 14 dB (at iPhones) and
  /// 17 dB (at Android phones) between the two as senders. Source: docs/bluezone.md, Contact log.
  static let androidBelowIPhoneDB: Float = 14

  /// An iPhone, without Bluezone so far.
  public static func iPhone(_ stay: Range<Int64>, _ random: inout SplitMix64) -> Self {
    var phone = Self(
      kind: .iPhone, levelDBm: iPhoneLevelDBm + Float.random(in: -3...3, using: &random),
      carriage: pocket(&random))
    phone.use(in: stay, share: 0.35, &random)
    let interval = Int64.random(in: 300...400, using: &random)
    let seed = random.next()
    let power = toldTxPowersDBm[Int(seed >> 32) % toldTxPowersDBm.count]
    phone.txPowerDBm = power
    phone.levelDBm += Float(power) - 12
    phone.advertisers.append(
      Advertiser(
        payload: .iPhone(txPowerDBm: power), intervalMilliseconds: interval, isConnectable: true, rotation: .iPhone,
        active: stay, seed: seed))
    return phone
  }

  /// An Android phone, without Bluezone so far.
  ///
  /// What such phones send is known least: most send nothing while idle, some have Google's nearby share or their
  /// maker's adverts on the air while the screen is on, few another country's tracing app. The shares are an
  /// assumption: 45 % never send, 10 % have two addresses.
  public static func android(_ stay: Range<Int64>, _ random: inout SplitMix64) -> Self {
    var phone = Self(
      kind: .androidPhone,
      levelDBm: iPhoneLevelDBm - androidBelowIPhoneDB + Float.random(in: -6...6, using: &random),
      carriage: pocket(&random))
    phone.use(in: stay, share: 0.4, &random)
    let die = Int.random(in: 0..<100, using: &random)
    if (45..<75).contains(die) { phone.add(.nearbyShare, every: 300...1000, in: phone.inHand, of: stay, &random) }
    if (65..<95).contains(die) {
      // Some makers only with the screen on, others always.
      phone.add(.samsung, every: 500...1500, in: die % 2 == 0 ? phone.inHand : [stay], of: stay, &random)
    }
    if die >= 95 { phone.add(.exposureNotification, 250, stay, &random) }
    return phone
  }

  /// Gives the phone Bluezone from a time on.
  ///
  /// - Parameters:
  ///   - open: when an iPhone has the app on its screen; else it is in the background.
  ///   - end: when the phone leaves.
  ///   - baseDay: of its key; days since 1970-01-01.
  public mutating func install(
    at milliseconds: Int64, open: [Range<Int64>], until end: Int64, baseDay: Int64, _ random: inout SplitMix64
  ) {
    bluezoneSince = milliseconds
    if kind == .androidPhone {
      bluezone = VirtualDevice(.androidBluezoner, nearDBm: -60, visit: nil, baseDay: baseDay, random: &random)
      advertisers.append(
        Advertiser(
          payload: .bluezoneAndroid, intervalMilliseconds: 100, isConnectable: true, rotation: .utcQuarterHour,
          duty: .init(on: 15_000, off: 15_000, phase: Int64.random(in: 0..<30_000, using: &random)),
          active: milliseconds..<max(end, milliseconds), seed: random.next()))
      return
    }
    bluezone = VirtualDevice(.iPhoneBluezonerForeground, nearDBm: -60, visit: nil, baseDay: baseDay, random: &random)
    let foreground = Int64.random(in: 100...300, using: &random)
    let background = Int64.random(in: 300...1000, using: &random)
    // In the recordings an app's name and Apple's own messages came from one address, often in one packet. Others are
    // known to keep them apart; both are had here.
    let seed = random.next()
    let sharesAddress = seed % 5 < 2
    if sharesAddress, let i = advertisers.firstIndex(where: { $0.payload.isIPhone }) {
      advertisers[i].seed = seed
      advertisers[i].rotation = .utcQuarterHour
    }
    var at = milliseconds
    func add(_ payload: AdvertisingPayload, _ interval: Int64, _ range: Range<Int64>) {
      guard !range.isEmpty else { return }
      advertisers.append(
        Advertiser(
          payload: payload, intervalMilliseconds: interval, isConnectable: true, rotation: .utcQuarterHour,
          active: range, seed: seed))
    }
    for range in open.map({ $0.clamped(to: milliseconds..<max(end, milliseconds)) }) where !range.isEmpty {
      add(.bluezoneBackground, background, at..<max(range.lowerBound, at))
      add(.bluezoneForeground, foreground, range)
      at = range.upperBound
    }
    add(.bluezoneBackground, background, at..<max(end, at))
  }

  /// A watch, headset or band, as one in five carries.
  public static func accessory(_ stay: Range<Int64>, hasIPhone: Bool, _ random: inout SplitMix64) -> Self {
    let level = iPhoneLevelDBm - Float.random(in: 6...14, using: &random)
    switch (hasIPhone, Int.random(in: 0..<3, using: &random)) {
    case (true, 0):
      var watch = Self(kind: .watch, levelDBm: level, carriage: .wrist)
      watch.add(.appleWatch, .random(in: 400...900, using: &random), stay, &random, rotation: .iPhone)
      return watch
    case (true, 1):
      var pods = Self(kind: .headset, levelDBm: level, carriage: .ear)
      pods.add(.airPods, .random(in: 200...1000, using: &random), stay, &random, rotation: .iPhone)
      return pods
    case (_, 0), (_, 1):
      var band = Self(kind: .band, levelDBm: level, carriage: .wrist)
      band.add(.band, .random(in: 900...1300, using: &random), stay, &random, rotation: .never)
      return band
    default:
      var headset = Self(kind: .headset, levelDBm: level, carriage: .ear)
      headset.add(.headset, .random(in: 1000...1400, using: &random), stay, &random, rotation: .never)
      return headset
    }
  }

  /// A thing of the office, there from the first to the last moment.
  public static func fixture(_ payload: AdvertisingPayload, _ stay: Range<Int64>, _ random: inout SplitMix64) -> Self {
    let (kind, level, interval, rotation): (Kind, Float, Int64, Advertiser.Rotation) =
      switch payload {
      case .windows: (.computer, -52, 137, .windows)
      case .mac: (.computer, -50, .random(in: 190...280, using: &random), .iPhone)
      case .samsung: (.television, -52, .random(in: 200...500, using: &random), .never)
      case .headset: (.headset, -58, .random(in: 1000...1400, using: &random), .never)
      case .findMy: (.tag, -60, 2000, .own(86_400_000...86_400_000))
      // A tablet or telephone on a desk.
      case .iPhone: (.iPhone, -50, .random(in: 300...400, using: &random), .iPhone)
      default: (.beacon, -56, .random(in: 300...1000, using: &random), .never)
      }
    var thing = Self(
      kind: kind, levelDBm: level + Float.random(in: -4...4, using: &random), carriage: .free)
    thing.add(payload, interval, stay, &random, rotation: rotation)
    return thing
  }

  mutating func add(
    _ payload: AdvertisingPayload, _ interval: Int64, _ range: Range<Int64>, _ random: inout SplitMix64,
    rotation: Advertiser.Rotation = .android
  ) {
    guard !range.isEmpty else { return }
    let isConnectable = payload != .windows && payload != .exposureNotification && payload != .findMy
    advertisers.append(
      Advertiser(
        payload: payload, intervalMilliseconds: max(interval, 20), isConnectable: isConnectable, rotation: rotation,
        active: range, seed: random.next()))
  }

  /// Sends it in each of `ranges`, as while the screen is on: in the same rhythm, and under the address that it would have
  /// if it had never paused.
  private mutating func add(
    _ payload: AdvertisingPayload, every intervals: ClosedRange<Int64>, in ranges: [Range<Int64>],
    of stay: Range<Int64>, _ random: inout SplitMix64
  ) {
    let first = advertisers.count
    let interval = Int64.random(in: intervals, using: &random)
    for range in ranges { add(payload, interval, range, &random) }
    for i in advertisers.indices.dropFirst(first) {
      advertisers[i].seed = advertisers[first].seed
      advertisers[i].rotatesSince = stay.lowerBound
    }
  }

  private static func pocket(_ random: inout SplitMix64) -> Carriage {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: .frontPocket
    case 5..<7: .backPocket
    default: .bag
    }
  }

  /// Taken out for half a minute to three minutes, again and again.
  private mutating func use(in stay: Range<Int64>, share: Float, _ random: inout SplitMix64) {
    let mean: Float = 60_000
    var at = stay.lowerBound
    if Fading.uniform(&random) > share {
      at += Int64(Fading.exponential(mean: mean * (1 - share) / share, &random))
    }
    while at < stay.upperBound {
      let end = at + Int64(max(Fading.exponential(mean: mean, &random), 5000))
      inHand.append((at..<end).clamped(to: stay))
      at = end + Int64(max(Fading.exponential(mean: mean * (1 - share) / share, &random), 5000))
    }
  }
}
