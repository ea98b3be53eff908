// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

private typealias S = CoreSamples

@Suite("A replay")
struct ReplayTests {
  /// A recording made by hand; times in milliseconds of an arbitrary start.
  private struct Recording {
    // Header: name, version 1, HCI UART.
    var bytes: [UInt8] = Array("btsnoop".utf8) + [0, 0, 0, 0, 1, 0, 0, 0x03, 0xEA]

    mutating func add(_ packet: [UInt8], at milliseconds: Int64, isReceived: Bool = true) {
      func big(_ value: UInt64, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64(count - 1 - $0))) }
      }
      // The format's epoch; the recording starts at the samples' midnight.
      let time = 0x00DC_DDB3_0F2F_8000 + (CoreSamples.midnight.milliseconds + milliseconds) * 1000
      bytes += big(UInt64(packet.count), 4) + big(UInt64(packet.count), 4) + big(isReceived ? 3 : 2, 4)
      bytes += big(0, 4) + big(UInt64(time), 8) + packet
    }

    mutating func hear(_ data: [UInt8], from address: Int, at milliseconds: Int64, rssiDBm: Int8 = -50) {
      add(CoreSamples.report(data, from: CoreSamples.address(address), rssiDBm: rssiDBm), at: milliseconds)
    }

    func replay() throws -> Replay.Result {
      var reader = try BtsnoopReader(bytes)
      var replay = Replay(settings: Settings())
      while let record = try reader.next() { replay.add(record) }
      return replay.finish()
    }
  }

  /// Around, Bluezoners around, near, Bluezoners near.
  private func figures(_ second: Replay.Second) -> [Int] {
    let counts = second.counts
    return [counts.people, counts.bluezoners, counts.nearPeople, counts.nearBluezoners]
  }

  private func bluezoner(_ n: Int) -> [UInt8] { BluezoneAdvertisement.data(for: S.id(n)) }

  @Test("of nothing is nothing")
  func empty() throws {
    let result = try Recording().replay()
    #expect(result.seconds.isEmpty)
    #expect([result.records, result.reports, result.addresses, result.bluezoneIDs] == [0, 0, 0, 0])
  }

  @Test("of one record has one second")
  func one() throws {
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 0)
    let result = try recording.replay()
    #expect(result.seconds.map(\.t) == [0])
    #expect(result.seconds.map(figures) == [[1, 0, 0, 0]])
    #expect((result.records, result.reports, result.addresses, result.bluezoneIDs) == (1, 1, 1, 0))
  }

  @Test("of known devices has the expected figures, second by second")
  func known() throws {
    var recording = Recording()
    recording.hear(S.computer, from: 1, at: 0, rssiDBm: -80)
    recording.hear(bluezoner(1), from: 2, at: 500, rssiDBm: -50)
    recording.hear(bluezoner(1), from: 3, at: 1200, rssiDBm: -50)
    recording.hear(S.phone, from: 4, at: 2000, rssiDBm: -60)
    recording.hear([], from: 2, at: 2999, rssiDBm: -50)
    recording.hear(bluezoner(2), from: 5, at: 3001, rssiDBm: -90)
    // Somebody else keeps the recording going.
    recording.hear(S.computer, from: 1, at: 29_000, rssiDBm: -80)
    recording.hear(S.computer, from: 1, at: 36_500, rssiDBm: -80)
    let result = try recording.replay()
    #expect(result.seconds.map(\.t) == Array(0...36))
    // Heard once, nobody is known to be near.
    var expected = [[1, 1, 0, 0], [1, 1, 0, 0], [2, 1, 1, 1]]
    // The phone was heard at 2.000 s: gone at the end of second 31. Bluezoner 1 was last heard at 2.999 s.
    expected += Array(repeating: [3, 2, 1, 1], count: 28)
    expected += [[2, 2, 1, 1], [1, 1, 0, 0]]
    expected += Array(repeating: [0, 0, 0, 0], count: 4)
    #expect(result.seconds.map(figures) == expected)
    #expect(result.records == 8)
    #expect(result.reports == 8)
    #expect(result.addresses == 5)
    #expect(result.bluezoneIDs == 2)
  }

  @Test("stands still while the recording's clock steps back, and loses nothing")
  func stepBack() throws {
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 0)
    recording.hear(S.phone, from: 2, at: 5000)
    recording.hear(S.phone, from: 3, at: -100_000)
    recording.hear(S.phone, from: 4, at: 2000)
    recording.hear(S.phone, from: 5, at: 6000)
    let result = try recording.replay()
    #expect(result.seconds.map(\.t) == Array(0...6))
    #expect(result.seconds.map { $0.counts.devices } == [1, 1, 1, 1, 1, 4, 5])
  }

  @Test("lets time pass with what the host sent, and does not let it go back after that")
  func sentPackets() throws {
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 900)
    recording.add(HCICommand.reset.packet, at: 32_500, isReceived: false)
    recording.hear(S.phone, from: 2, at: 1900)
    recording.add(HCICommand.reset.packet, at: 35_000, isReceived: false)
    let result = try recording.replay()
    #expect(result.records == 4)
    #expect(result.reports == 2)
    #expect(result.malformedPackets == 0)
    #expect(result.seconds.count == 35)
    // Seconds count from the first record: gone after 30 of them, and the next one comes in the 31st.
    let around = [Int](repeating: 1, count: 29) + [0, 0, 1, 1, 1, 1]
    #expect(result.seconds.map(\.counts.devices) == around)
  }

  @Test("of a recording with a pause has every second of it")
  func pause() throws {
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 0)
    recording.hear(S.phone, from: 1, at: 3_600_000)
    let result = try recording.replay()
    #expect(result.seconds.map(\.t) == Array(0...3600))
    #expect(
      result.seconds.map(\.counts.devices) == [Int](repeating: 1, count: 29)
        + [Int](repeating: 0, count: 3571)
        + [1])
  }

  @Test("leaves out a pause of more than a day, as when the clock was set, and goes on after it")
  func clockSet() throws {
    let day: Int64 = 86_400_000
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 0)
    recording.hear(S.phone, from: 2, at: 1500)
    for n in 0..<50 { recording.hear(S.phone, from: 1 + n % 2, at: 1000 * day + Int64(n) * 100) }
    let result = try recording.replay()
    #expect(result.seconds.map(\.t) == [0, 1] + (86_400_000..<86_400_005))
    #expect(result.seconds.map(\.counts.devices) == [1, 2, 2, 2, 2, 2, 2])
    #expect(result.reports == 52)
  }

  @Test("counts damage and goes on after it")
  func damage() throws {
    var recording = Recording()
    recording.add(Array(S.report(S.phone, from: S.address(1)).dropLast()), at: 0)
    recording.add([], at: 10)
    recording.hear(S.phone, from: 1, at: 20)
    let result = try recording.replay()
    #expect(result.records == 3)
    #expect(result.malformedPackets == 1)
    #expect(result.seconds.map(\.counts.devices) == [1])
  }

  @Test("goes on after the recorded controller failed and was started again")
  func hardwareError() throws {
    var recording = Recording()
    recording.hear(S.phone, from: 1, at: 0)
    recording.add([HCIPacketType.event.rawValue, HCIEvent.Code.hardwareError, 1, 0x42], at: 100)
    recording.hear(S.phone, from: 2, at: 12_000)
    let result = try recording.replay()
    #expect(result.reports == 2)
    #expect(result.seconds.last?.counts.devices == 2)
  }
}
