// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What is asked of the running kiosk from outside.
extension Kiosk {
  /// What the calibration that runs, or the last one of this run, has measured.
  public func calibrationReport(at moment: Moment) -> CalibrationReport {
    var report = calibration?.report(at: moment.monotonic) ?? CalibrationReport()
    report.isHearing = host.state == .running
    return report
  }

  public func status(at moment: Moment) -> Status {
    let moment = believed(moment)
    var status = Status()
    status.peopleAround = people.counts.people
    status.bluezonersAround = people.counts.bluezoners
    status.peopleNear = people.counts.nearPeople
    status.bluezonersNear = people.counts.nearBluezoners
    status.addressesAround = people.counts.devices
    status.visits = .init(visits.today(open: people.openVisits, at: moment))
    status.visits.pending = visits.pendingCount
    status.visits.lost = visits.lost
    status.visits.writeFault = visitWriteFault
    status.checkIns.lastHour = checkIns.lastHour
    status.checkIns.turnedAway = checkIns.turnedAway
    status.isDemo = isDemo
    status.radio.isAdvertising = host.isAdvertising
    status.radio.isScanning = host.isScanning
    status.radio.lastFault = host.lastFault?.description
    status.radio.reports = host.counters.reports
    status.radio.malformedPackets = host.counters.malformedPackets
    status.radio.starts = host.counters.starts
    status.radio.lastStep = host.lastStep?.rawValue
    status.radio.lastStepFault = stepFault
    status.radio.steps = Dictionary(
      uniqueKeysWithValues: host.steps.map { ($0.rawValue.replacing(" ", with: "_"), $1) })
    status.radio.lastGapSeconds = host.lastGapMilliseconds.map { Double($0) / 1000 }
    status.radio.idsRead = host.reading.read
    status.radio.readFailures = host.reading.failures
    status.radio.withoutBluezone = host.reading.strangers
    status.radio.waiting = host.waitingToBeRead
    status.radio.connections = host.connectionCount
    if host.controller.hciVersion > 0 { status.radio.hciVersion = Int(host.controller.hciVersion) }
    switch host.state {
    case .closed: status.radio.state = "closed"
    case .opening: status.radio.state = "opening"
    case .starting: status.radio.state = "starting"
    case .running: status.radio.state = "running"
    case .stopping: status.radio.state = "stopping"
    case .down(let fault, _):
      status.radio.state = "down"
      status.radio.fault = fault.description
    case .recovering(let fault, _, _):
      status.radio.state = "recovering"
      status.radio.fault = fault.description
    }
    status.unseenExposures = unseenExposures
    status.language = rotation.language.rawValue
    status.clockSynchronised = moment.isSynchronised
    status.clock = clockStatus()
    status.contacts.pending = contacts.pendingCount
    status.contacts.lost = contacts.lost
    status.contacts.writeFault = writeFault
    status.contacts.turnedAway = people.turnedAway
    let states = lines.states(at: moment.monotonic)
    status.lines = .init(
      green: states.green, amber: states.amber, buzzer: states.buzzer, staff: states.staff,
      shows: prompts.outcome(at: moment.monotonic)?.rawValue,
      mutedSeconds: prompts.mutedUntil.map { max($0.milliseconds(since: moment.monotonic), 0) / 1000 } ?? 0,
      isQuiet: prompts.isQuiet(at: moment))
    status.feed = feed?.status(at: moment) ?? .init()
    status.uptimeSeconds = startedAt.map { moment.monotonic.milliseconds(since: $0) / 1000 } ?? 0
    status.disk = diskStatus()
    status.problems = problems + (identityFailure.map { [$0.description] } ?? []) + parts(status)
    return status
  }

  /// What does not work at this moment, as staff must be told.
  private func parts(_ status: Status) -> [String] {
    var words: [String] = []
    if let fault = status.radio.fault { words.append("the kiosk hears nobody: \(fault)") }
    switch status.disk.state {
    case .opening, .works: break
    case .refuses, .closed, .waiting: words.append("the disk: \(status.disk.reason ?? "")")
    }
    switch status.disk.identity {
    case .opening, .read: break
    case .unreadable, .waiting:
      let reason = status.disk.identityReason
      // The whole disk is told once.
      if reason != status.disk.reason { words.append("nothing is advertised: \(reason ?? "")") }
    }
    return words
  }
}
