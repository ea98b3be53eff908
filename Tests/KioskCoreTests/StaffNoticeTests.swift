// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@Suite("The staff's line tells of exposures, to staff alone")
struct StaffNoticeTests {
  private func started(unseen: Int) -> KioskHarness {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.exposures(unseen: unseen))
    return harness
  }

  private func isShown(_ harness: KioskHarness) -> Bool { harness.programs.last?.staff.isEmpty == false }

  @Test("It blinks while there are exposures that nobody looked at, through the night, and ends when somebody has")
  func shown() {
    var harness = started(unseen: 2)
    #expect(harness.lines.staff)
    #expect(harness.status.unseenExposures == 2)
    harness.run(for: 8 * 3_600_000)
    #expect(isShown(harness))
    harness.handle(.exposures(unseen: 0))
    #expect(!isShown(harness))
    #expect(harness.status.unseenExposures == 0)
  }

  @Test("The staff's button ends it, the same number does not begin it again, and one more does")
  func acknowledged() {
    var harness = started(unseen: 2)
    harness.handle(.input(InputChange(.acknowledge, isActive: true)))
    harness.handle(.input(InputChange(.acknowledge, isActive: false)))
    #expect(!isShown(harness))
    #expect(harness.status.unseenExposures == 2, "the button has not looked at them")
    harness.handle(.exposures(unseen: 2))
    harness.handle(.exposures(unseen: 1))
    #expect(!isShown(harness))
    harness.handle(.exposures(unseen: 2))
    #expect(isShown(harness))
  }

  @Test("Nothing that the public sees or hears differs by it")
  func nothingInPublic() throws {
    var told = started(unseen: 0)
    var known = started(unseen: 5)
    for _ in 0..<20 {
      told.hearBluezoner(1)
      known.hearBluezoner(1)
      told.run(for: 500)
      known.run(for: 500)
    }
    #expect(told.pages.map(\.page) == known.pages.map(\.page) && !told.pages.isEmpty)
    let (without, with) = (try #require(told.programs.last), try #require(known.programs.last))
    #expect(without.lamp == with.lamp && without.buzzer == with.buzzer && without.staff != with.staff)
    var publicOnly = known.lines
    publicOnly.staff = told.lines.staff
    #expect(publicOnly == told.lines)
  }

  @Test("None at the start shows nothing")
  func none() {
    let harness = started(unseen: 0)
    #expect(!isShown(harness))
  }
}
