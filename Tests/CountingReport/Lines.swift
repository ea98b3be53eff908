// SPDX-License-Identifier: GPL-3.0-or-later

/// A scenario's figures in words, with the target beside each where there is one.
struct Lines {
  let figures: Figures
  /// Share that must match one to one, percent.
  let leastMatch: Int

  func print(_ title: String) {
    Swift.print("\n\(title)")
    let f = figures
    row("visits", f.counted, of: f.true_, target: "±5 %", holds: abs(f.counted - f.true_) * 100 <= 5 * f.true_)
    row(
      "Bluezoner visits", f.countedBluezoners, of: f.trueBluezoners, target: "±3 %",
      holds: abs(f.countedBluezoners - f.trueBluezoners) * 100 <= 3 * f.trueBluezoners)
    match(
      "true visits found", (f.matched, f.true_), withinOneDB: (f.sureFound, f.sure),
      allChannels: (f.allChannelsMatched, f.allChannels))
    match(
      "counted visits that are true", (f.matched, f.counted), withinOneDB: (f.foundPossible, f.counted),
      allChannels: (f.allChannelsMatched, f.counted))
    match(
      "Bluezoner visits found", (f.matchedBluezoners, f.trueBluezoners),
      withinOneDB: (f.sureBluezonersFound, f.sureBluezoners),
      allChannels: (f.allChannelsBluezonersMatched, f.allChannelsBluezoners))
    match(
      "counted Bluezoner visits that are true", (f.matchedBluezoners, f.countedBluezoners),
      withinOneDB: (f.foundPossibleBluezoners, f.countedBluezoners),
      allChannels: (f.allChannelsBluezonersMatched, f.countedBluezoners))
    text(
      "by all channels at once",
      "\(f.allChannels) visits; one channel at a time shows at best \(percent(f.allChannelsByOne, f.allChannels)) % of them"
        + ", and of those it shows \(percent(f.allChannelsByOne, f.true_)) % are there")
    share("split by a rotation, of visits with one", f.splits, of: f.rotations, most: 2)
    share("prompts to somebody with the app", f.falsePrompts, of: f.prompts, most: 1)
    share("prompts to a thing", f.fixturePrompts, of: f.prompts, most: 1)
    share("prompts for a Bluezoner's second phone", f.secondPhonePrompts, of: f.prompts)
    share("people who stopped without the app, never prompted", f.stoppersMissed, of: f.stoppers, most: 5)
    share(
      "single stops of theirs not prompted", f.iosMissed + f.androidMissed, of: f.iosStops + f.androidStops, most: 5)
    share("  within 1 dB", f.sureMissed, of: f.sureStops, most: 5)
    share("  iPhones", f.iosMissed, of: f.iosStops)
    share("  Android phones", f.androidMissed, of: f.androidStops)
    text("stops that ended before it could be known", "\(f.unknowableStops)")
    median("median from coming near to the prompt", f.delays, mostMilliseconds: 5000)
    median("  from within 2 m", f.distanceDelays)
    share("seconds with near people within 20 % or 1", f.liveWithin20, of: f.liveSeconds)
    text("by addresses near for the dwell", "\(f.addresses)")
    text("by ids near for the dwell, as the app counts", "\(f.ids)")
    text(
      "within 2 m and on the air for the dwell",
      "\(f.personsWithin2Metres) persons; \(f.hiddenByPause) more hidden by the app's pause; "
        + "\(f.secondPhones) of the true visits are second phones")
  }

  private func row(_ name: String, _ counted: Int, of truth: Int, target: String, holds: Bool) {
    let off = truth > 0 ? " (\(sign(percent(counted - truth, truth))) %)" : ""
    text(name, "\(counted) of \(truth)\(off)", target: target, holds: holds)
  }

  private func median(_ name: String, _ delays: [Int64], mostMilliseconds: Int64? = nil) {
    guard !delays.isEmpty else { return }
    let median = delays.sorted()[delays.count / 2]
    let value = "\(Double(median / 100) / 10) s"
    if let most = mostMilliseconds {
      text(name, value, target: "under \(most / 1000) s", holds: median < most)
    } else {
      text(name, value)
    }
  }

  /// To the letter, within a decibel, and held against a perfect receiver that hears all three channels at once.
  private func match(
    _ name: String, _ exact: (part: Int, whole: Int), withinOneDB: (part: Int, whole: Int),
    allChannels: (part: Int, whole: Int)
  ) {
    share(name, exact.part, of: exact.whole, least: leastMatch)
    share("  within 1 dB", withinOneDB.part, of: withinOneDB.whole, least: leastMatch)
    share("  by all channels at once", allChannels.part, of: allChannels.whole)
  }

  private func share(_ name: String, _ part: Int, of whole: Int, least: Int? = nil, most: Int? = nil) {
    let value = whole > 0 ? "\(part) of \(whole) (\(percent(part, whole)) %)" : "none"
    if let least {
      text(name, value, target: "at least \(least) %", holds: part * 100 >= least * whole)
    } else if let most {
      text(name, value, target: "at most \(most) %", holds: part * 100 <= most * whole)
    } else {
      text(name, value)
    }
  }

  private func text(_ name: String, _ value: String, target: String? = nil, holds: Bool = true) {
    let pad = String(repeating: " ", count: max(54 - name.count, 1))
    let verdict = target.map { "  target \($0): \(holds ? "reached" : "MISSED")" } ?? ""
    Swift.print("  \(name)\(pad)\(value)\(verdict)")
  }

  /// With one decimal.
  private func percent(_ part: Int, _ whole: Int) -> Double {
    whole == 0 ? 0 : (Double(part) * 1000 / Double(whole)).rounded() / 10
  }

  private func sign(_ value: Double) -> String { value > 0 ? "+\(value)" : "\(value)" }
}
