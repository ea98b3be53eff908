// SPDX-License-Identifier: GPL-3.0-or-later

/// Whom to connect to next, to read an id over GATT, and what is known from having read.
///
/// iPhones put no id into their advertisements. What hints at Bluezone waits in a queue ordered by nearness and age;
/// what was read counts until the slot changes; what turned out not to have the service is left alone for a while.
/// Pure: it takes times and keeps bounded tables.
public struct ReadScheduler: Sendable {
  public struct Configuration: Hashable, Sendable {
    /// Longest time from asking for a connection to the id. Source: docs/bluezone.md, Radio (the app's own limit).
    public var attemptMilliseconds: Int64 = 10_000
    /// Pauses after the first, second … failure in a row; the last repeats.
    public var backoffMilliseconds: [Int64] = [2000, 5000, 20_000, 60_000]
    /// How long a device without the service is left alone.
    public var strangerMilliseconds: Int64 = 3_600_000
    /// A hint is forgotten when its sender has not been heard for this long.
    public var hintMilliseconds: Int64 = 10_000
    /// Weaker senders are not asked: the connection would fail, and they are far away. dBm.
    public var weakestDBm: Int8 = -92
    /// What a second of waiting is worth in the queue, dB: nobody waits for ever behind stronger newcomers.
    public var agingDBPerSecond: Double = 1

    public init() {}
  }

  /// What made a device worth asking.
  public enum Hint: Hashable, Comparable, Sendable {
    /// Bit of the overflow area: Bluezone may be among its background apps.
    case background
    /// It advertises the iOS service.
    case foreground
  }

  public enum Outcome: Hashable, Sendable {
    case id(BluezoneID)
    /// It answered, and has no Bluezone.
    case stranger
    case failed
  }

  private struct Candidate {
    var hint: Hint
    var rssiDBm: Int8
    var since: MonotonicTime
    var lastHeard: MonotonicTime
    var failures = 0
    var notBefore: MonotonicTime?
    var isUnderWay = false
  }

  private struct Stranger {
    /// What it was asked for.
    var hint: Hint
    var until: MonotonicTime
  }

  private let configuration: Configuration
  private var candidates: [BluetoothAddress: Candidate] = [:]
  private var known: [BluetoothAddress: BluezoneID] = [:]
  private var knownSlot: Slot?
  private var strangers: [BluetoothAddress: Stranger] = [:]
  /// Counts since the start.
  public private(set) var counters = Counters()

  public struct Counters: Hashable, Sendable {
    public var attempts = 0
    public var read = 0
    public var strangers = 0
    public var failures = 0
    /// Hints not queued because the queue was full of nearer ones.
    public var turnedAway = 0
  }

  public init(configuration: Configuration = Configuration()) { self.configuration = configuration }

  public var waitingCount: Int { candidates.count }
  public var knownCount: Int { known.count }
  public var strangerCount: Int { strangers.count }

  /// The id read from an address in this slot.
  public func id(of address: BluetoothAddress, in slot: Slot) -> BluezoneID? {
    knownSlot == slot ? known[address] : nil
  }

  /// Whether that address was asked and has no Bluezone, as far as it is still believed.
  public func isStranger(_ address: BluetoothAddress, at now: MonotonicTime) -> Bool {
    strangers[address].map { now < $0.until } ?? false
  }

  /// A device that may have an id to read was heard.
  public mutating func heard(
    _ address: BluetoothAddress, hint: Hint, rssiDBm: Int8?, slot: Slot, at now: MonotonicTime
  ) {
    enter(slot, at: now)
    let rssi = rssiDBm ?? -127
    guard known[address] == nil, rssi >= configuration.weakestDBm else { return }
    if let stranger = strangers[address] {
      // A service that is advertised openly is there now, if it was not when the device was asked.
      guard hint > stranger.hint || now >= stranger.until else { return }
      strangers[address] = nil
    }
    if var candidate = candidates[address] {
      candidate.hint = max(candidate.hint, hint)
      candidate.rssiDBm = rssi
      candidate.lastHeard = now
      candidates[address] = candidate
      return
    }
    guard makeRoom(for: rssi, at: now) else {
      counters.turnedAway += 1
      return
    }
    candidates[address] = Candidate(hint: hint, rssiDBm: rssi, since: now, lastHeard: now)
  }

  /// The device to connect to now, which then counts as under way; nil when nobody waits.
  public mutating func next(slot: Slot, at now: MonotonicTime) -> BluetoothAddress? {
    enter(slot, at: now)
    var best: (address: BluetoothAddress, worth: Double)?
    for (address, candidate) in candidates where !candidate.isUnderWay {
      if now.milliseconds(since: candidate.lastHeard) >= configuration.hintMilliseconds {
        candidates[address] = nil
        continue
      }
      if let notBefore = candidate.notBefore, now < notBefore { continue }
      let worth = worth(of: candidate, at: now)
      if let found = best, found.worth > worth || (found.worth == worth && found.address.bits < address.bits) {
        continue
      }
      best = (address, worth)
    }
    guard let best else { return nil }
    candidates[best.address]?.isUnderWay = true
    counters.attempts += 1
    return best.address
  }

  /// How an attempt ended. `slot`: the one in which it ended; an id read across a boundary is of no known slot and
  /// is asked for again.
  ///
  /// - Returns: how strongly the device was last heard, dBm, when it was waiting here.
  @discardableResult
  public mutating func finished(
    _ address: BluetoothAddress, _ outcome: Outcome, startedIn startSlot: Slot, slot: Slot, at now: MonotonicTime
  ) -> Int8? {
    enter(slot, at: now)
    let rssi = candidates[address]?.rssiDBm
    switch outcome {
    case .id(let id) where startSlot == slot:
      candidates[address] = nil
      counters.read += 1
      if known.count < TracerLimits.readIDs { known[address] = id }
    case .id:
      candidates[address]?.isUnderWay = false
    case .stranger:
      let hint = candidates.removeValue(forKey: address)?.hint ?? .background
      counters.strangers += 1
      remember(stranger: address, hint, at: now)
    case .failed:
      counters.failures += 1
      guard var candidate = candidates[address] else { break }
      let pauses = configuration.backoffMilliseconds
      let pause = pauses.isEmpty ? 1000 : pauses[min(candidate.failures, pauses.count - 1)]
      candidate.failures += 1
      candidate.isUnderWay = false
      candidate.notBefore = now.adding(milliseconds: pause)
      candidates[address] = candidate
    }
    return rssi
  }

  /// Every attempt ended with its connection: the controller is gone. No blame.
  public mutating func abandonAll() {
    for address in candidates.keys { candidates[address]?.isUnderWay = false }
  }

  /// The clock was set: what was read may be of another slot than it seemed, and is read again.
  public mutating func forgetRead() { known.removeAll(keepingCapacity: true) }

  /// When somebody who waits out a pause may next be asked, after `now`.
  public func nextDeadline(after now: MonotonicTime) -> MonotonicTime? {
    candidates.values.lazy.filter { !$0.isUnderWay }.compactMap(\.notBefore).filter { $0 > now }.min()
  }

  /// Ids are of one slot: with the next one everything is read again. No address is kept for longer than it is of use.
  private mutating func enter(_ slot: Slot, at now: MonotonicTime) {
    guard knownSlot != slot else { return }
    knownSlot = slot
    known.removeAll(keepingCapacity: true)
    strangers = strangers.filter { $0.value.until > now }
  }

  private func worth(of candidate: Candidate, at now: MonotonicTime) -> Double {
    let waited = Double(now.milliseconds(since: candidate.since)) / 1000
    return Double(candidate.rssiDBm) + waited * configuration.agingDBPerSecond
      + (candidate.hint == .foreground ? Self.foregroundAdvantageDB : 0)
  }

  /// An open app is certain, a background bit only a hint.
  private static let foregroundAdvantageDB = 10.0

  private mutating func makeRoom(for rssi: Int8, at now: MonotonicTime) -> Bool {
    guard candidates.count >= TracerLimits.readCandidates else { return true }
    candidates = candidates.filter {
      $0.value.isUnderWay || now.milliseconds(since: $0.value.lastHeard) < configuration.hintMilliseconds
    }
    if candidates.count < TracerLimits.readCandidates { return true }
    guard let weakest = candidates.filter({ !$0.value.isUnderWay }).min(by: { $0.value.rssiDBm < $1.value.rssiDBm }),
      weakest.value.rssiDBm < rssi
    else { return false }
    candidates[weakest.key] = nil
    return true
  }

  private mutating func remember(stranger address: BluetoothAddress, _ hint: Hint, at now: MonotonicTime) {
    if strangers.count >= TracerLimits.readStrangers {
      strangers = strangers.filter { $0.value.until > now }
      // Still full: the ones that would be asked again soonest go first.
      if strangers.count >= TracerLimits.readStrangers {
        let kept = strangers.sorted { $0.value.until > $1.value.until }.prefix(TracerLimits.readStrangers / 2)
        strangers = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
      }
    }
    strangers[address] = Stranger(hint: hint, until: now.adding(milliseconds: configuration.strangerMilliseconds))
  }
}

extension TracerLimits {
  /// Devices waiting to be read. At the limit the weakest makes room for a stronger one.
  public static let readCandidates = 256
  /// Ids read in the present slot. At the limit a further one is not remembered, and read again.
  public static let readIDs = 4096
  /// Devices known not to have Bluezone. At the limit half of them are forgotten, and may be asked again.
  public static let readStrangers = 4096
}
