// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import Simulator

/// Against Core 5.4, vol. 6, part B, 4.4.3.
@Suite("When a scanner listens on which channel") struct ScanScheduleTests {
  private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

  @Test("A channel an interval, one after the other, from when scanning began") func turns() {
    var schedule = ScanSchedule(interval: 0x60, window: 0x60, partsPerMillion: 0)
    schedule.begin(at: time(1000), delayMicroseconds: 2000)
    #expect(schedule.channel(at: time(1001)) == nil)
    let channels = [1002, 1061, 1062, 1122, 1182].map { schedule.channel(at: time($0)) }
    #expect(channels == [0, 0, 1, 2, 0])
  }

  @Test("Between two windows it listens on none") func windows() {
    var schedule = ScanSchedule(interval: 0xC0, window: 0x60, partsPerMillion: 0)
    schedule.begin(at: time(0), delayMicroseconds: 0)
    let channels = [0, 59, 60, 119, 120, 180, 240].map { schedule.channel(at: time($0)) }
    #expect(channels == [0, 0, nil, nil, 1, nil, 2])
  }

  @Test("A clock that is fast by 50 parts in a million is a channel ahead after twenty minutes") func drift() {
    var schedule = ScanSchedule(interval: 0x60, window: 0x60, partsPerMillion: 50)
    schedule.begin(at: time(0), delayMicroseconds: 0)
    #expect(schedule.channel(at: time(1_199_940)) == 1)
    #expect(schedule.channel(at: time(1_200_000)) == 0)
  }

  @Test("The controller listens as it was told, and on none while it does not scan", arguments: [false, true])
  func controller(isExtended: Bool) {
    var abilities = SoftwareController.Abilities()
    abilities.isExtended = isExtended
    abilities.clockPartsPerMillion = 0
    var controller = SoftwareController(abilities: abilities)
    func send(_ command: HCICommand) { controller.receive(command.packet) }
    func listen(at milliseconds: Int64) -> Int? {
      controller.advance(to: time(milliseconds), utc: UTCTime(milliseconds: milliseconds))
      return controller.listeningChannel
    }
    send(.leSetRandomAddress(.resolvableForm(random: 7)))
    let unasked = listen(at: 100)
    #expect(unasked == nil)
    send(
      isExtended
        ? .leSetExtendedScanParameters(active: false, interval: 0xC0, window: 0x60)
        : .leSetScanParameters(active: false, interval: 0xC0, window: 0x60))
    send(isExtended ? .leSetExtendedScanEnable(true) : .leSetScanEnable(true))
    // The first window begins up to 5 ms later.
    let channels = [110, 150, 170, 230, 350, 420].map { listen(at: $0) }
    #expect(channels == [0, 0, nil, 1, 2, nil])
    send(isExtended ? .leSetExtendedScanEnable(false) : .leSetScanEnable(false))
    let silent = listen(at: 470)
    #expect(silent == nil)
  }
}
