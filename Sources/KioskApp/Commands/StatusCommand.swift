// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import FoundationEssentials
import KioskCore

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "What is around now, and how the kiosk is. Exit 69 when none runs.")

  @OptionGroup var options: SettingsOptions

  @Flag(help: "One JSON object instead of words.")
  var json = false

  func run() throws {
    let settings = try options.settings()
    let answer: String?
    do {
      answer = try ControlSocket.ask(.status, dataFolder: settings.dataFolder)
    } catch {
      throw Exit.failure(error)
    }
    guard let answer else {
      throw Exit.failure("not running (data folder \(settings.dataFolder))", code: Exit.notRunning)
    }
    guard var status = try? JSONDecoder().decode(Status.self, from: Data(answer.utf8)) else {
      if json { return print(answer, terminator: "") }
      throw Exit.failure("the running kiosk's answer cannot be read; is it of another version?")
    }
    // Read here: what other commands write does not pass through the kiosk.
    var auditFault: String?
    do throws(StoreError) {
      let head = try Store(dataFolder: settings.dataFolder, access: .look).auditHead()
      status.audit = .init(entries: head.entries, head: head.hash)
    } catch {
      auditFault = error.description
    }
    if json { return print(JSONLine.text(status)) }
    for line in status.lines(auditFault: auditFault) { print(line) }
  }
}

extension Status {
  /// For people, a line a fact.
  fileprivate func lines(auditFault: String?) -> [String] {
    var text: [(String, String)] = []
    if isDemo { text.append(("DEMO", "simulated crowd")) }
    text.append(("around", "about \(peopleAround) people, \(bluezonersAround) of them Bluezoners"))
    text.append(("near", "about \(peopleNear) people, \(bluezonersNear) of them Bluezoners"))
    text.append(
      (
        "today",
        "about \(visits.today) (±\(visits.plusMinus)) visits, \(visits.bluezoners) of them Bluezoners, "
          + "\(visits.installedHere) installed here"
      ))
    if checkIns.lastHour > 0 || checkIns.turnedAway > 0 {
      let refused = checkIns.turnedAway > 0 ? "; \(checkIns.turnedAway) touches not counted since the start" : ""
      text.append(("", "\(checkIns.lastHour) by touch in an hour, at most \(checkIns.limitAnHour)\(refused)"))
    }
    if let fault = visits.writeFault { text.append(("", "visits not written: \(fault)")) }
    if visits.lost > 0 { text.append(("", "\(visits.lost) visits not logged: too many were waiting")) }
    var words = radio.state
    if radio.state == "running" {
      words += radio.isAdvertising ? ", advertising" : ", not advertising"
      words += radio.isScanning ? ", scanning" : ", not scanning"
    }
    text.append(("radio", words + (radio.fault.map { ": \($0)" } ?? "")))
    if let fault = radio.lastFault, radio.fault == nil {
      let gap = radio.lastGapSeconds.map { "; heard nothing for \($0) s" } ?? ""
      text.append(("", "last fault: \(fault)\(gap)"))
    }
    if let step = radio.lastStep, radio.fault != nil || radio.lastFault != nil {
      let counts = radio.steps.sorted { $0.key < $1.key }.map { "\($0.key.replacing("_", with: " ")) \($0.value)" }
      text.append(("", "against it: \(step); in all \(counts.joined(separator: ", "))"))
    }
    if let fault = radio.lastStepFault { text.append(("", fault)) }
    text.append(
      ("iPhones", "\(radio.idsRead) ids read, \(radio.waiting) waiting, \(radio.readFailures) attempts failed"))
    text.append(("heard", "\(radio.reports) reports, \(radio.malformedPackets) malformed packets"))
    text += clock.lines(isSynchronised: clockSynchronised)
    text.append(("contacts", "\(contacts.pending) waiting to be written"))
    if let fault = contacts.writeFault { text.append(("", "not written: \(fault)")) }
    if contacts.lost > 0 { text.append(("", "\(contacts.lost) not logged: too many were waiting")) }
    if contacts.turnedAway > 0 { text.append(("", "\(contacts.turnedAway) times a device was not counted: too many")) }
    text += disk.lines()
    text += feed.lines()
    if unseenExposures > 0 {
      text.append(("exposures", "\(unseenExposures) contacts with confirmed cases not looked at: kiosk exposures"))
    }
    text.append(("display", display))
    if touches > 0 { text.append(("touches", "\(touches)")) }
    if let isPunctual = lines.isPunctual {
      text.append(
        (
          "lines",
          isPunctual
            ? "punctual" : "not punctual on a loaded machine: no real-time priority (LimitRTPRIO=1 of the service)"
        ))
    }
    if let audit {
      text.append(("audit log", "\(audit.entries) entries, head"))
      text.append(("", audit.head))
    } else {
      text.append(("audit log", "cannot be read: \(auditFault ?? "")"))
    }
    text.append(("running for", "\(uptimeSeconds / 3600) h \(uptimeSeconds / 60 % 60) min \(uptimeSeconds % 60) s"))
    for problem in problems { text.append(("problem", problem)) }
    return text.map { name, value in name + String(repeating: " ", count: max(13 - name.count, 1)) + value }
  }
}

extension Status.Disk {
  fileprivate func lines() -> [(String, String)] {
    let words =
      switch state {
      case .opening: "being opened"
      case .works: "works"
      case .refuses: "refuses, tried again every 10 s"
      case .closed: "the log is not open, tried again every 10 s; what is heard waits in memory"
      case .waiting: "waits for a person; what is heard waits in memory"
      }
    var text = [("disk", words + (reason.map { ": \($0)" } ?? ""))]
    switch identity {
    case .opening: text.append(("identity", "not read yet"))
    case .read: break
    case .unreadable: text.append(("identity", "not read, nothing is advertised: \(identityReason ?? "")"))
    case .waiting: text.append(("identity", "waits for a person, nothing is advertised: \(identityReason ?? "")"))
    }
    return text
  }
}

extension Status.Clock {
  func state(isSynchronised: Bool) -> String {
    if isSynchronised { return "synchronised" }
    let state =
      isWaiting ? "not known until the log of earlier runs is read" : isDoubtful ? "in doubt" : "not synchronised"
    return "\(state): contacts get their dates later"
  }

  fileprivate func lines(isSynchronised: Bool) -> [(String, String)] {
    var text = [("clock", state(isSynchronised: isSynchronised))]
    if let leap = leapSeconds, let stood = stoodSeconds, let needed = neededSeconds {
      let standing =
        "stood \(ClockWords.duration(seconds: stood)) of \(ClockWords.duration(seconds: needed)) of running"
      let aim = leap > 0 && needed == CoreLimits.clockStandingMilliseconds / 1000 ? "for deletion " : ""
      text.append(("", "\(ClockWords.leap(seconds: leap)); not believed \(aim)yet, \(standing)"))
      if let contactsAtStake, let visitsAtStake {
        text.append(("", "\(ClockWords.stake(contacts: contactsAtStake, visits: visitsAtStake)) would be deleted"))
      }
    }
    return text
  }
}

extension Status.Feed {
  fileprivate func lines() -> [(String, String)] {
    guard isConfigured || version != nil else { return [("F0 feed", "not configured")] }
    var text: [(String, String)] = []
    let held = version.map { "version \($0), \(freshness ?? "unknown"), valid until \(expires ?? "")" } ?? "nothing yet"
    text.append(("F0 feed", "\(region ?? ""): \(held)"))
    text.append(("", lastSync.map { "last found current \($0)" } ?? "never found current yet"))
    if missingBatches > 0 {
      text.append(
        ("", "not held: \(missingEntries) entries of \(missingBatches) batches, taken with the next round or import"))
    }
    if let fault = lastFault { text.append(("", "last round failed (\(failures) in a row): \(fault)")) }
    if let step {
      text.append(("", step))
    } else if let next = nextSeconds {
      text.append(("", "next round in \(next) s"))
    }
    return text
  }
}
