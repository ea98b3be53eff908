// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// What the screen shows, as values.
extension Kiosk {
  func screenState(at moment: Moment) -> ScreenState {
    let time = LocalTime(moment.utc, offsetSeconds: moment.utcOffsetSeconds)
    var state = ScreenState(
      page: rotation.page,
      clock: .init(time: time.clock, date: time.date, isSynchronised: moment.isSynchronised), site: site)
    state.takeover = rotation.takeover
    state.language = rotation.language
    state.isWelcoming = rotation.isWelcoming
    state.checkIn = checkIns.shown
    state.isDemo = isDemo
    if moment.isSynchronised, settings.screen.nightHours.contains(where: { $0.contains(time) }) {
      state.nightBrightness = settings.screen.nightBrightness
    }
    state.figures.peopleAround = people.counts.people
    state.figures.bluezonersAround = people.counts.bluezoners
    state.figures.peopleNear = people.counts.nearPeople
    state.figures.bluezonersNear = people.counts.nearBluezoners
    // Without the right day nothing can be said of today.
    if state.page == .today, moment.isSynchronised { state.today = today(hour: time.hour, at: moment) }
    state.f0 = f0Data(at: moment)
    state.communityTotal = feed?.state?.communityTotal
    if state.page.isNotice { state.notices = feed?.state?.notices ?? [] }
    state.radio =
      switch host.state {
      // Scanning pauses for some milliseconds at each change of address; the figures stay.
      case .running:
        host.isScanning || isReplay || shown?.radio == .running ? .running : .starting
      case .closed, .opening, .starting, .stopping:
        host.lastFault.map { .down(.init($0), step: host.lastStep) } ?? .starting
      case .down(let fault, _): .down(.init(fault), step: .reopen)
      case .recovering(let fault, let step, _): .down(.init(fault), step: step)
      }
    state.needsStaff = hasDiskFault
    return state
  }

  private func today(hour: Int, at moment: Moment) -> ScreenState.Today {
    let open = people.openVisits
    let figures = visits.today(open: open, at: moment)
    var today = ScreenState.Today()
    today.visits = figures.visits
    today.uncertainty = figures.uncertainty
    today.bluezoners = figures.bluezoners
    today.currentHour = hour
    today.hours = visits.hours(at: moment).map { .init(visits: $0.visits, bluezoners: $0.bluezoners) }
    // Those who are here now count to the hour that runs.
    if today.hours.indices.contains(hour) {
      today.hours[hour].visits += open.count
      today.hours[hour].bluezoners += open.count { $0.kind == .bluezoner }
    }
    return today
  }

  /// When F0 data last came in, and whether that is too long ago.
  struct F0Age: Equatable, Sendable {
    var lastSync: UTCTime
    var isStale: Bool
  }

  /// nil if it never did.
  @inline(__always)
  func f0Age(at moment: Moment) -> F0Age? {
    // What the screen dates is what the feed lists; while something of it is missing it is not that.
    if let state = feed?.state, state.missingBatches > 0 { return nil }
    let followed = feed?.lastSync(at: moment)
    guard let lastSync = lastF0Sync.map({ max($0, followed ?? $0) }) ?? followed else { return nil }
    let limit = lastSync.adding(milliseconds: Int64(settings.screen.staleF0Hours) * 3_600_000)
    return F0Age(lastSync: lastSync, isStale: moment.isSynchronised && moment.utc > limit)
  }

  private func f0Data(at moment: Moment) -> ScreenState.F0Data {
    guard let age = f0Age(at: moment) else { return .never }
    let words = LocalTime(age.lastSync, offsetSeconds: moment.utcOffsetSeconds).dateAndMinute
    return age.isStale ? .stale(words) : .fresh(words)
  }
}

extension ScreenState.Fault {
  /// What a visitor is told of a fault; the exact cause is in the status.
  init(_ fault: RadioFault) {
    self =
      switch fault {
      case .transport(.notFound), .transport(.noBluetooth), .noLowEnergy: .noAdapter
      case .transport(.switchedOff): .switchedOff
      case .transport(.notAllowed): .notAllowed
      default: .notAnswering
      }
  }
}
