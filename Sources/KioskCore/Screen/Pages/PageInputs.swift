// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// What may change on the page from one packet to the next. While it stays the same the page does too, and is not made
/// anew: that would be most of what an advertisement costs.
struct PageInputs: Equatable, Sendable {
  /// Of the wall clock, rounded down; and what makes local time of it.
  var second: Int64
  var utcOffsetSeconds: Int32
  var isSynchronised: Bool
  var page: PageName
  var takeover: ScreenState.Takeover?
  var language: ScreenLanguage
  var isWelcoming: Bool
  var checkIn: TouchCheckIn.Shown?
  /// People were last counted then, and their visits opened and closed.
  var step: Int64?
  var radio: HCIHost.State
  var isScanning: Bool
  var lastFault: RadioFault?
  var lastStep: RecoveryStep?
  var f0: Kiosk.F0Age?
}

extension Kiosk {
  @inline(__always)
  func inputsOfPage(at moment: Moment) -> PageInputs {
    PageInputs(
      second: moment.utc.seconds, utcOffsetSeconds: moment.utcOffsetSeconds, isSynchronised: moment.isSynchronised,
      page: rotation.page, takeover: rotation.takeover, language: rotation.language,
      isWelcoming: rotation.isWelcoming, checkIn: checkIns.shown, step: people.lastStep, radio: host.state,
      isScanning: host.isScanning, lastFault: host.lastFault, lastStep: host.lastStep, f0: f0Age(at: moment))
  }
}
