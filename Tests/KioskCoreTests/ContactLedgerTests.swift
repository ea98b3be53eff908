// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Simulator
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("The contact ledger")
struct ContactLedgerTests {
  /// A moment so many milliseconds after midnight and after boot.
  private func moment(_ milliseconds: Int64, isSynchronised: Bool = true) -> Moment {
    Moment(
      monotonic: MonotonicTime(milliseconds: milliseconds),
      utc: S.midnight.adding(milliseconds: milliseconds),
      isSynchronised: isSynchronised)
  }

  private func utc(_ milliseconds: Int64) -> UTCTime { S.midnight.adding(milliseconds: milliseconds) }

  @Test("There is one entry an id and slot, with first, last, count, nearest and sum")
  func oneEntry() {
    var ledger = ContactLedger()
    for (time, rssi) in [(100, -70), (200, -60), (9900, -81)] as [(Int64, Int8)] {
      ledger.hear(S.id(1), rssiDBm: rssi, at: moment(time))
    }
    ledger.hear(S.id(2), rssiDBm: -50, at: moment(300))
    #expect(ledger.pendingCount == 2)
    let updates = ledger.takeAll().sorted { $0.id < $1.id }
    #expect(
      updates == [
        ContactUpdate(
          id: S.id(1), span: .dated(first: utc(100), last: utc(9900)),
          strength: .init(count: 3, nearestDBm: -60, sumDBm: -211)),
        ContactUpdate(
          id: S.id(2), span: .dated(first: utc(300), last: utc(300)),
          strength: .init(count: 1, nearestDBm: -50, sumDBm: -50)),
      ])
    #expect(ledger.pendingCount == 0)
    #expect(ledger.takeAll().isEmpty)
  }

  @Test("A slot boundary splits a contact")
  func slotBoundary() {
    var ledger = ContactLedger()
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(899_999))
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(900_000))
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(900_001))
    let spans = Set(ledger.takeAll().map(\.span))
    #expect(
      spans == [
        .dated(first: utc(899_999), last: utc(899_999)), .dated(first: utc(900_000), last: utc(900_001)),
      ])
  }

  @Test("A strength that the controller does not know is not in the count")
  func unknownStrength() {
    var ledger = ContactLedger()
    ledger.hear(S.id(1), rssiDBm: nil, at: moment(0))
    #expect(ledger.takeAll().map(\.strength) == [.init(count: 0, nearestDBm: nil, sumDBm: 0)])
    ledger.hear(S.id(1), rssiDBm: nil, at: moment(0))
    ledger.hear(S.id(1), rssiDBm: -60, at: moment(1))
    ledger.hear(S.id(1), rssiDBm: nil, at: moment(2))
    #expect(ledger.takeAll().map(\.strength) == [.init(count: 1, nearestDBm: -60, sumDBm: -60)])
  }

  @Test(
    "It is handed over 10 s after the first was heard, to the millisecond, and not again before 10 s more")
  func due() {
    var ledger = ContactLedger()
    #expect(ledger.nextDeadline == nil)
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(500))
    ledger.hear(S.id(2), rssiDBm: -50, at: moment(9000))
    #expect(ledger.nextDeadline == 10_500)
    #expect(ledger.takeDue(at: 10_499) == nil)
    #expect(ledger.takeDue(at: 10_500)?.count == 2)
    #expect(ledger.takeDue(at: 99_000) == nil)
    #expect(ledger.nextDeadline == nil)
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(10_501))
    #expect(ledger.nextDeadline == 20_501)
    #expect(ledger.takeDue(at: 20_500) == nil)
    #expect(ledger.takeDue(at: 20_501)?.count == 1)
  }

  @Test("What comes back merges without loss or double counting, and waits 10 s")
  func putBack() {
    var ledger = ContactLedger()
    ledger.hear(S.id(1), rssiDBm: -70, at: moment(0))
    ledger.hear(S.id(2), rssiDBm: -55, at: moment(0))
    let refused = ledger.takeDue(at: 10_000) ?? []
    ledger.hear(S.id(1), rssiDBm: -60, at: moment(10_100))
    ledger.hear(S.id(3), rssiDBm: -40, at: moment(10_100))
    ledger.putBack(refused, at: 10_200)
    #expect(ledger.pendingCount == 3)
    #expect(ledger.takeDue(at: 20_199) == nil)
    let updates = (ledger.takeDue(at: 20_200) ?? []).sorted { $0.id < $1.id }
    #expect(
      updates == [
        ContactUpdate(
          id: S.id(1), span: .dated(first: utc(0), last: utc(10_100)),
          strength: .init(count: 2, nearestDBm: -60, sumDBm: -130)),
        ContactUpdate(
          id: S.id(2), span: .dated(first: utc(0), last: utc(0)),
          strength: .init(count: 1, nearestDBm: -55, sumDBm: -55)),
        ContactUpdate(
          id: S.id(3), span: .dated(first: utc(10_100), last: utc(10_100)),
          strength: .init(count: 1, nearestDBm: -40, sumDBm: -40)),
      ])
    #expect(ledger.lost == 0)
  }

  @Test(
    "Nothing is lost or counted twice while the disk refuses again and again",
    arguments: [21, 22] as [UInt64])
  func refusals(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var ledger = ContactLedger()
    var heard: [BluezoneID: ContactUpdate.Strength] = [:]
    var written: [BluezoneID: ContactUpdate.Strength] = [:]
    var lastAsked: Int64?
    var time: Int64 = 0
    for step in 0..<20_000 {
      time += Int64.random(in: 1...300, using: &random)
      let id = S.id(Int.random(in: 0..<30, using: &random))
      let rssi = Int8.random(in: -100 ... -30, using: &random)
      ledger.hear(id, rssiDBm: rssi, at: moment(time))
      heard[id, default: .init()].merge(.init(count: 1, nearestDBm: Int(rssi), sumDBm: Int(rssi)))
      let isLast = step == 19_999
      guard let updates = isLast ? ledger.takeAll() : ledger.takeDue(at: MonotonicTime(milliseconds: time))
      else {
        continue
      }
      if let lastAsked, !isLast { #expect(time - lastAsked >= 10_000, "seed \(seed), step \(step)") }
      lastAsked = time
      if !isLast, Int.random(in: 0..<3, using: &random) > 0 {
        ledger.putBack(updates, at: MonotonicTime(milliseconds: time))
      } else {
        for update in updates { written[update.id, default: .init()].merge(update.strength) }
      }
    }
    #expect(heard == written, "seed \(seed)")
    #expect(ledger.lost == 0)
  }

  // MARK: Undated

  @Test("What is heard before the clock is synchronised has time since boot, a quarter of an hour an entry")
  func undated() {
    var ledger = ContactLedger()
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(1000, isSynchronised: false))
    ledger.hear(S.id(1), rssiDBm: -52, at: moment(2000, isSynchronised: false))
    ledger.hear(S.id(1), rssiDBm: -54, at: moment(900_000, isSynchronised: false))
    let spans = Set(ledger.takeAll().map(\.span))
    #expect(spans == [.undated(first: 1000, last: 2000), .undated(first: 900_000, last: 900_000)])
  }

  @Test("Dating gives undated entries the time at which they were heard and merges them with dated ones")
  func dating() {
    var ledger = ContactLedger()
    // Boot with the clock of 1970.
    func wrong(_ milliseconds: Int64) -> Moment {
      Moment(
        monotonic: MonotonicTime(milliseconds: milliseconds), utc: UTCTime(milliseconds: milliseconds),
        isSynchronised: false)
    }
    ledger.hear(S.id(1), rssiDBm: -50, at: wrong(1000))
    ledger.hear(S.id(1), rssiDBm: -60, at: wrong(4000))
    ledger.hear(S.id(2), rssiDBm: nil, at: wrong(5000))
    // 6 s after boot it is 00:10:06.
    let now = Moment(monotonic: 6000, utc: utc(606_000))
    ledger.hear(S.id(1), rssiDBm: -40, at: now)
    #expect(ledger.pendingCount == 3)
    ledger.date(at: now)
    let updates = ledger.takeAll().sorted { $0.id < $1.id }
    #expect(
      updates == [
        ContactUpdate(
          id: S.id(1), span: .dated(first: utc(601_000), last: utc(606_000)),
          strength: .init(count: 3, nearestDBm: -40, sumDBm: -150)),
        ContactUpdate(
          id: S.id(2), span: .dated(first: utc(605_000), last: utc(605_000)), strength: .init()),
      ])
  }

  @Test("Dating changes nothing that has a date, and not when it is due")
  func datingKeeps() {
    var ledger = ContactLedger()
    ledger.hear(S.id(1), rssiDBm: -50, at: moment(1000))
    ledger.date(at: Moment(monotonic: 2000, utc: utc(99_000_000)))
    #expect(ledger.nextDeadline == 11_000)
    #expect(ledger.takeAll().map(\.span) == [.dated(first: utc(1000), last: utc(1000))])
  }

  // MARK: Limit

  @Test("At the limit known contacts go on, new ones are lost and counted, and there is room after a write")
  func limit() {
    var ledger = ContactLedger()
    for n in 0..<CoreLimits.pendingContacts { ledger.hear(S.id(n), rssiDBm: -50, at: moment(0)) }
    #expect(ledger.pendingCount == CoreLimits.pendingContacts)
    #expect(ledger.lost == 0)
    ledger.hear(S.id(CoreLimits.pendingContacts), rssiDBm: -50, at: moment(1))
    ledger.hear(S.id(7), rssiDBm: -40, at: moment(1))
    #expect(ledger.pendingCount == CoreLimits.pendingContacts)
    #expect(ledger.lost == 1)
    ledger.date(at: moment(2))
    #expect(ledger.pendingCount == CoreLimits.pendingContacts)
    let updates = ledger.takeAll()
    #expect(updates.first { $0.id == S.id(7) }?.strength.count == 2)
    // What comes back has no room beside as many new ones.
    for n in 0..<CoreLimits.pendingContacts { ledger.hear(S.id(-1 - n), rssiDBm: -50, at: moment(3)) }
    ledger.putBack(Array(updates.prefix(5)), at: 4)
    #expect(ledger.lost == 6)
    #expect(ledger.pendingCount == CoreLimits.pendingContacts)
  }
}

extension ContactUpdate.Strength {
  /// The sum of two, by other means than the core's.
  fileprivate mutating func merge(_ other: Self) {
    self = Self(
      count: count + other.count, nearestDBm: [nearestDBm, other.nearestDBm].compactMap(\.self).max(),
      sumDBm: sumDBm + other.sumDBm)
  }
}

@Suite("The log's slots")
struct LogSlotTests {
  @Test("are quarter hours since 1970, also before it")
  func numbers() {
    #expect(LogSlot.number(at: UTCTime(milliseconds: 0)) == 0)
    #expect(LogSlot.number(at: UTCTime(milliseconds: 899_999)) == 0)
    #expect(LogSlot.number(at: UTCTime(milliseconds: 900_000)) == 1)
    #expect(LogSlot.number(at: UTCTime(milliseconds: -1)) == -1)
    #expect(LogSlot.number(at: UTCTime(milliseconds: -900_000)) == -1)
    #expect(LogSlot.number(at: UTCTime(milliseconds: -900_001)) == -2)
    #expect(LogSlot.number(at: S.midnight) == 20_413 * 96)
  }

  @Test("start where they are numbered to", arguments: [31] as [UInt64])
  func roundTrip(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    for _ in 0..<10_000 {
      let time = UTCTime(
        milliseconds: Int64.random(in: -10_000_000_000_000...10_000_000_000_000, using: &random))
      let number = LogSlot.number(at: time)
      #expect(LogSlot.start(of: number) <= time, "seed \(seed)")
      #expect(time < LogSlot.start(of: number + 1), "seed \(seed)")
    }
  }

  @Test("neither trap nor wrap at the ends of time")
  func extremes() {
    #expect(LogSlot.start(of: .max) == UTCTime(milliseconds: .max))
    #expect(LogSlot.start(of: .min) == UTCTime(milliseconds: .min))
    #expect(LogSlot.number(at: UTCTime(milliseconds: .max)) > LogSlot.number(at: UTCTime(milliseconds: 0)))
    #expect(LogSlot.number(at: UTCTime(milliseconds: .min)) < LogSlot.number(at: UTCTime(milliseconds: 0)))
  }
}
