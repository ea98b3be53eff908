// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// The ground truth as JSON, one object a line, to lie beside a recording. Times are milliseconds since its start.
public enum TruthLines {
  public static func lines(_ crowd: Crowd, _ truth: GroundTruth) -> [String] {
    let scenario = crowd.scenario
    var lines = [
      #"{"type":"scenario","name":"\#(scenario.name)","seed":\#(scenario.seed),"#
        + #""start_utc_ms":\#(scenario.start.milliseconds),"duration_ms":\#(scenario.durationMilliseconds),"#
        + #""near_m":\#(scenario.nearMetres),"dwell_ms":\#(scenario.dwellMilliseconds),"#
        + #""away_ms":\#(scenario.awayMilliseconds)}"#
    ]
    for person in crowd.people { lines.append(line(person, near: truth.near[person.number])) }
    for visit in truth.visits { lines.append(line(visit)) }
    for (t, counts) in truth.seconds.enumerated() { lines.append(line(counts, t: t)) }
    return lines
  }

  private static func line(_ person: Person, near: [Range<Int64>]) -> String {
    let near = near.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",")
    let devices = person.handsets.map { device in
      #"{"kind":"\#(device.kind.rawValue)","level_dbm":\#(device.levelDBm),"carried":"\#(device.carriage.rawValue)","#
        + #""bluezone_since":\#(number(device.bluezoneSince)),"advertisers":\#(device.advertisers.count)}"#
    }
    return #"{"type":"person","person":\#(person.number),"role":"\#(person.role.rawValue)","#
      + #""from":\#(person.span.lowerBound),"to":\#(person.span.upperBound),"near":[\#(near)],"#
      + #""installs":\#(number(person.installsAt)),"devices":[\#(devices.joined(separator: ","))]}"#
  }

  private static func line(_ visit: GroundTruth.Visit) -> String {
    let platform = visit.platform.map { $0 == .ios ? #""ios""# : #""android""# } ?? "null"
    return #"{"type":"visit","person":\#(visit.person),"role":"\#(visit.role.rawValue)","#
      + #""start":\#(visit.span.lowerBound),"end":\#(visit.span.upperBound),"near_ms":\#(visit.nearMilliseconds),"#
      + #""kind":"\#(visit.kind.rawValue)","platform":\#(platform),"on_air_ms":\#(visit.airMilliseconds),"#
      + #""bluezone_on_air_ms":\#(visit.bluezoneAirMilliseconds),"hearable":\#(visit.isHearable),"#
      + #""hidden_by_pause":\#(visit.isHiddenByPause),"installed_here":\#(visit.installedHere)}"#
  }

  private static func line(_ counts: GroundTruth.Counts, t: Int) -> String {
    #"{"type":"second","t":\#(t),"people":\#(counts.people),"bluezoners":\#(counts.bluezoners),"#
      + #""near_people":\#(counts.nearPeople),"near_bluezoners":\#(counts.nearBluezoners),"#
      + #""hearable_people":\#(counts.hearablePeople),"hearable_near_people":\#(counts.hearableNearPeople),"#
      + #""staff":\#(counts.staff),"passers_by":\#(counts.passersBy)}"#
  }

  private static func number(_ value: Int64?) -> String { value.map(String.init) ?? "null" }
}
