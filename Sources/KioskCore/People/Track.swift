// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// What is known of one address while it is heard: a piece of a phone's way through the room.
///
/// Times are monotonic milliseconds.
struct Track: Sendable {
  let address: BluetoothAddress
  var signs: DeviceSigns
  /// Every stream that this address has sent.
  fileprivate(set) var streams: DeviceSigns.Stream
  /// The facts that were last classified, so that equal ones are not looked at again.
  private var facts: AdvertisingFacts
  /// What an address change leaves as it was; 0 and nil where nothing was told.
  private(set) var nameDigest: UInt32 = 0
  private(set) var token: UInt32 = 0
  private(set) var flags: UInt8?
  private(set) var txPowerDBm: Int8?
  /// What another stream of the same phone told.
  private var phonesTxPowerDBm: Int8?
  /// It shows the sign of an iPhone with Bluezone in the background, or offers its service.
  private(set) var hintsAtApp = false
  var id: BluezoneID?

  let firstHeard: Int64
  private(set) var lastHeard: Int64
  private(set) var reports: UInt32 = 0
  /// Mean time between reports, and the longest pause that it came back from.
  private(set) var interval: Float = Track.firstInterval
  private(set) var longestPause: Int64 = 0
  private(set) var rhythm = Rhythm()

  private(set) var strength = SmoothedStrength()
  var trail = StrengthTrail()
  var reportsOfSecond = SecondOfReports()
  private(set) var unrest = Unrest()
  /// The last report with RSSI: dBm, milliseconds, and the part of the scanner's intervals it came in.
  private var lastReport: (rssiDBm: Int8, milliseconds: Int64, part: Int)?
  /// Which of all tracks so far it is: its place is taken again by others.
  var serial: UInt32 = 0
  /// From which RSSI on it is near, dBm.
  private(set) var threshold: Float
  /// By how much it was raised since somebody asked (`takeRaise`), dB.
  private var raisedBy: Float = 0

  /// Whose it is.
  var person: Int32 = -1
  /// The track that goes on where this one ended, if one was found.
  var successor: Int32 = -1
  /// Whether it was asked once more whose it is (`People.relink`).
  var isAskedAgain = false
  /// Smoothed RSSI when it had been heard for long enough to mean something, dBm.
  var settledDBm: Float?
  /// Number of the visit that it, or one that it continues, had a part in; 0 for none.
  var visitNumber = 0
  /// When the first of those that it continues was heard, or it itself.
  var chainSince: Int64

  /// What a track is taken to send like until two reports tell.
  private static let firstInterval: Float = 500
  /// Longest pause that counts towards the mean interval: an Android phone that pauses 15 s still sends each 100 ms.
  private static let longestInterval: Int64 = 3000

  init(_ sighting: Sighting, near: NearRule, at now: Int64) {
    address = sighting.address
    facts = sighting.facts
    signs = DeviceSigns(sighting.facts, from: sighting.address)
    streams = signs.stream
    firstHeard = now
    chainSince = now
    lastHeard = now
    threshold = 0
    learn(sighting.facts, near: near)
  }

  /// Takes in one report. `channels`: told of it, tells on which one it came. Returns
  /// whether what it is has changed.
  mutating func hear(
    _ sighting: Sighting, _ channels: inout ScanChannels, near: NearRule, timeConstant: Float, at now: Int64
  ) -> Bool {
    let pause = max(now &- lastHeard, 0)
    if reports > 0 {
      interval += (Float(min(pause, Self.longestInterval)) - interval) / 16
      longestPause = max(longestPause, pause)
      if pause >= Rhythm.pauses.lowerBound { rhythm.pause(from: lastHeard, to: now) }
    }
    reports &+= 1
    lastHeard = max(lastHeard, now)
    var isChanged = false
    // Answers to scan requests are mostly empty and tell nothing new.
    if sighting.facts != facts {
      facts = sighting.facts
      let found = DeviceSigns(facts, from: address)
      streams.formUnion(found.stream)
      if found.rank < signs.rank {
        isChanged = true
        signs = found
      }
      learn(facts, near: near)
    }
    if facts.hasOverflowBit || facts.hasIOSBluezoneService { hintsAtApp = !sighting.isStranger }
    if let rssi = sighting.rssiDBm {
      strength.add(Float(rssi), at: now, timeConstant: timeConstant)
      trail.add(rssi)
      let channel = channel(of: rssi, &channels, at: now)
      reportsOfSecond.add(rssi, channel: channel, at: now)
      if let channel { unrest.add(rssi, channel: channel, at: now) }
    }
    return isChanged
  }

  /// On which channel this report was heard, if that is known.
  private mutating func channel(of rssiDBm: Int8, _ channels: inout ScanChannels, at now: Int64) -> Int? {
    let part = channels.part(at: now)
    if let last = lastReport, now &- last.milliseconds <= ScanChannels.togetherMilliseconds {
      channels.add(last.part, part, differenceDB: Float(rssiDBm) - Float(last.rssiDBm))
    }
    lastReport = (rssiDBm, now, part)
    return channels.channel(of: part)
  }

  private mutating func learn(_ facts: AdvertisingFacts, near: NearRule) {
    if facts.nameDigest != 0 { nameDigest = facts.nameDigest }
    if facts.token != 0 { token = facts.token }
    if let value = facts.flags { flags = value }
    if let value = facts.txPowerDBm { txPowerDBm = value }
    setThreshold(near)
  }

  private mutating func setThreshold(_ near: NearRule) {
    let new = Float(near.thresholdDBm(signs.platform, txPowerDBm: txPowerDBm ?? phonesTxPowerDBm))
    if reports > 0 { raisedBy += new - threshold }
    threshold = new
  }

  mutating func takeRaise() -> Float {
    defer { raisedBy = 0 }
    return raisedBy
  }

  /// Another stream of the same phone tells with which power it sends.
  mutating func learnPhonesTxPower(_ dBm: Int8, near: NearRule) {
    guard phonesTxPowerDBm != dBm else { return }
    phonesTxPowerDBm = dBm
    setThreshold(near)
  }

  /// Whether it has been silent for longer than one of its kind should be.
  func isSilent(at now: Int64) -> Bool {
    now - lastHeard >= max(Int64(interval * 4), Self.leastSilence)
  }

  private static let leastSilence: Int64 = 1000

  /// Whether it was heard for long enough to have sent all that it sends.
  var isPayloadTold: Bool { lastHeard - firstHeard >= Self.toldMilliseconds }

  private static let toldMilliseconds: Int64 = 4000

  /// Mean time between its reports so far, milliseconds: of one that has just begun `interval` does not tell yet.
  var meanInterval: Float {
    guard reports > 1, reports < Self.intervalReports else { return max(interval, 1) }
    return min(max(Float(lastHeard - firstHeard) / Float(reports - 1), 1), Float(Self.longestInterval))
  }

  /// So many reports, and `interval` has forgotten what it began with.
  private static let intervalReports: UInt32 = 32

  /// Whether it is heard, or in a pause of its app, and no other goes on for it. `slotBegan`: when the id of everybody
  /// last changed; who paused before that goes on under another one.
  func mayGoOn(at now: Int64, slotBegan: Int64) -> Bool {
    if isCurrent(at: now) { return true }
    guard successor < 0, id != nil, signs.platform == .android else { return false }
    return now - lastHeard < Self.pausedMilliseconds && lastHeard > slotBegan + Self.lateChange
  }

  private static let pausedMilliseconds = Rhythm.pauseMilliseconds + 1500
  private static let lateChange: Int64 = 1000

  /// Whether it is heard, and no other goes on for it.
  func isCurrent(at now: Int64) -> Bool { successor < 0 && !isSilent(at: now) }
}

extension Track {
  /// Its id was told. `platform`: by the way in which it was.
  mutating func learnID(_ id: BluezoneID, _ platform: Platform?) {
    self.id = id
    signs = DeviceSigns(bluezonerOn: platform)
    streams.insert(.bluezone)
  }
}
