// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// From being near to visits and prompts.
extension People {
  /// Opens and closes the visit of `person`. Returns whether there is none.
  mutating func visit(_ person: inout Person, at now: Int64) -> Bool {
    guard !person.isFixture else {
      if let visit = person.visit, hasNotMoved(person) || lay(person, before: visit) {
        events.append(.visitWithdrawn(visit))
        person.visit = nil
        forgetStay(&person)
      }
      close(&person)
      if hasNotMoved(person) { events += person.endedVisits.map { .visitWithdrawn($0) } }
      person.endedVisits = []
      return true
    }
    if now - person.firstHeard > settings.stillMilliseconds { person.endedVisits = [] }
    if person.isWithoutID, person.promptedAt == nil { person.isAnnounced = false }
    if person.isNear || person.nearness.inReachSince != nil {
      if isToBeAskedAgain(person, at: now) { person.isAnnounced = false }
      if !person.isAnnounced { announce(&person, at: now) }
    }
    if var visit = person.visit {
      visit.end = MonotonicTime(milliseconds: max(person.lastNear, visit.start.milliseconds))
      describe(&visit, person)
      person.visit = visit
      guard now - person.lastNear >= settings.awayMilliseconds else { return false }
      close(&person)
      return true
    }
    guard person.isNear, person.nearness.heardMilliseconds >= settings.dwellMilliseconds else {
      // Whoever left before the dwell is told anew when coming back.
      if !person.isNear, now - max(person.lastNear, person.nearness.lastInReach) >= settings.awayMilliseconds {
        forgetStay(&person)
      }
      return true
    }
    visitNumber += 1
    var visit = Visit(
      number: visitNumber, start: MonotonicTime(milliseconds: person.nearSince),
      end: MonotonicTime(milliseconds: person.lastNear), kind: .noApp)
    describe(&visit, person)
    person.visit = visit
    for i in person.tracks { tracks[Int(i)].visitNumber = visitNumber }
    events.append(.visitOpened(visit))
    return false
  }

  /// It did not come here: it lay here when it was first heard.
  private func lay(_ person: Person, before visit: Visit) -> Bool {
    visit.start.milliseconds - person.firstHeard < Self.arrivalMilliseconds
  }

  /// Who comes is heard for longer than this before being near.
  private static let arrivalMilliseconds: Int64 = 2000

  /// It has lain still ever since it was first heard, and was heard a little more strongly for a while.
  private func hasNotMoved(_ person: Person) -> Bool { person.mostDBm - person.leastDBm <= Self.unmovedDB }

  /// Doors and people about the room change what is heard of a thing by so much in the time of `stillMilliseconds`.
  private static let unmovedDB: Float = 18

  private func describe(_ visit: inout Visit, _ person: Person) {
    visit.isPrompted = person.promptedAt != nil
    visit.isInstalledHere = isInstalledHere(person)
    visit.kind = person.isBluezoner && !visit.isInstalledHere ? .bluezoner : .noApp
    visit.platform = person.platform
    visit.nearestDBm = Int8(clamping: Int(person.nearestDBm.rounded()))
  }

  /// An id that is told sooner after the prompt was there all the time: for whoever is prompted it was listened for as
  /// long as a phone with the app may be silent about it, and this is for what was lost.
  private static let leastInstallMilliseconds: Int64 = 3000

  private func isInstalledHere(_ person: Person) -> Bool {
    guard let prompted = person.promptedAt, let since = person.bluezonerSince else { return false }
    return since - prompted >= Self.leastInstallMilliseconds
  }

  private mutating func close(_ person: inout Person) {
    guard var visit = person.visit else { return }
    visit.isOpen = false
    events.append(.visitClosed(visit))
    person.endedVisits.append(visit)
    person.visit = nil
    forgetStay(&person)
  }

  private func forgetStay(_ person: inout Person) {
    person.isAnnounced = false
    person.promptedAt = nil
    person.nearestDBm = -127
  }

  // MARK: Prompts

  private mutating func announce(_ person: inout Person, at now: Int64) {
    if person.isBluezoner, !person.isWithoutID {
      guard person.isNear, person.lastNear - person.nearSince >= settings.promptMilliseconds else { return }
      // Perhaps it only has a new id, and was welcomed under the one before.
      guard now - person.firstHeard >= Self.settlingMilliseconds + Self.stepMilliseconds else { return }
      person.isAnnounced = true
      events.append(.bluezonerNear(person.platform))
      return
    }
    // Who is not heard any longer may have gone.
    guard let since = person.nearness.inReachSince, person.nearness.lastInReach - since >= settings.promptMilliseconds,
      now - person.nearness.lastInReach <= Self.promptWindowMilliseconds
    else { return }
    guard now - person.firstHeard < Self.newcomerMilliseconds || person.dBm - person.weakestDBm >= Self.approachDB
    else {
      return
    }
    let listening = person.platform == .ios ? settings.iosListeningMilliseconds : settings.androidListeningMilliseconds
    guard now - heardSince(person, at: now) >= listening, !person.hintsAtApp,
      oddsOfApp(person, at: now) <= settings.doubtOdds
    else { return }
    person.isAnnounced = true
    person.promptedAt = now
    person.isPromptedFromAfar = !person.isNear
    events.append(.prompt(person.platform))
  }

  /// Since when the longest of its addresses that are heard is: one that it is taken to have had before may be somebody
  /// else's, and tells nothing of the app on this phone. `now` if none is.
  private func heardSince(_ person: Person, at now: Int64) -> Int64 {
    person.tracks.reduce(now) { first, i in
      tracks[Int(i)].isCurrent(at: now) ? min(first, tracks[Int(i)].firstHeard) : first
    }
  }

  /// Who has been around for longer did not just come, and is prompted only when heard by so much more strongly than
  /// before: things lie about, and stay as strong as they are.
  private static let newcomerMilliseconds: Int64 = 5 * 60_000
  private static let approachDB: Float = 12

  /// Who was not heard for so long, or for four of its intervals (`heardSince`), is not prompted: slow advertisers send
  /// every second and a half.
  private static let promptWindowMilliseconds: Int64 = 5000

  /// Whoever was asked a while ago is asked once more on coming near again, and if only in reach then, on being near.
  private func isToBeAskedAgain(_ person: Person, at now: Int64) -> Bool {
    guard person.isAnnounced, person.isNear, let at = person.promptedAt else { return false }
    return (person.isPromptedFromAfar ? now : person.nearSince) - at >= settings.awayMilliseconds
  }
}
