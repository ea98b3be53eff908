// SPDX-License-Identifier: GPL-3.0-or-later
@testable import KioskCore
@testable import Simulator
import Tracer

/// A counting held against what a perfect receiver would have logged. Figures of several seeds add up.
struct Figures {
  /// Visits, those of Bluezoners among them, and how many of them are there on both sides, one to one by time.
  var counted = 0, true_ = 0, matched = 0
  var countedBluezoners = 0, trueBluezoners = 0, matchedBluezoners = 0
  /// The same within a decibel: visits that were near by more than that, and found ones that may have been.
  var sure = 0, sureFound = 0, foundPossible = 0
  var sureBluezoners = 0, sureBluezonersFound = 0, foundPossibleBluezoners = 0
  /// Visits, those of Bluezoners among them, of a perfect receiver of all three channels at once, and how many are there
  /// on both sides; and how many of them are there for one of one channel at a time.
  var allChannels = 0, allChannelsMatched = 0, allChannelsBluezoners = 0, allChannelsBluezonersMatched = 0
  var allChannelsByOne = 0
  /// Visits during which an address or an id changed, and those of them that were counted as two.
  var rotations = 0, splits = 0
  var prompts = 0
  /// Prompts to somebody whose phone has the app, to a thing, and for the second phone of somebody with the app on
  /// the first.
  var falsePrompts = 0, fixturePrompts = 0, secondPhonePrompts = 0
  /// People without the app who stopped for 5 s or more and whose phone could be known to be without it before they left,
  /// and those of them who were prompted at none of their stops.
  var stoppers = 0, stoppersMissed = 0
  /// The same by stops, one person may make several: missed ones of each platform; and stops that ended before anybody
  /// could know.
  var iosStops = 0, iosMissed = 0, androidStops = 0, androidMissed = 0, unknowableStops = 0
  /// The same of those that were near by more than a decibel.
  var sureStops = 0, sureMissed = 0
  /// From coming near, as a perfect receiver hears it, to the prompt; and from coming within 2 m. Milliseconds.
  var delays: [Int64] = [], distanceDelays: [Int64] = []
  var liveSeconds = 0, liveWithin20 = 0
  /// What others would say: addresses near for the dwell; ids near for the dwell.
  var addresses = 0, ids = 0
  /// Persons within 2 m for the dwell whose phone was on the air for as long, and Bluezoners whom an app's pause hid.
  var personsWithin2Metres = 0, hiddenByPause = 0
  /// Second phones among the true visits: one owner, two visits.
  var secondPhones = 0

  static func + (a: Self, b: Self) -> Self {
    var sum = a
    for path in Self.sums { sum[keyPath: path] += b[keyPath: path] }
    sum.delays += b.delays
    sum.distanceDelays += b.distanceDelays
    return sum
  }

  private static var sums: [WritableKeyPath<Self, Int>] {
    [
      \.allChannels, \.allChannelsMatched, \.allChannelsBluezoners, \.allChannelsBluezonersMatched, \.allChannelsByOne,
      \.sureStops, \.sureMissed, \.stoppers, \.stoppersMissed,
      \.sure, \.sureFound, \.foundPossible, \.sureBluezoners, \.sureBluezonersFound,
      \.foundPossibleBluezoners,
      \.counted, \.true_, \.matched, \.countedBluezoners, \.trueBluezoners, \.matchedBluezoners, \.rotations, \.splits,
      \.prompts, \.falsePrompts, \.fixturePrompts, \.secondPhonePrompts, \.iosStops, \.iosMissed, \.androidStops,
      \.androidMissed, \.unknowableStops, \.liveSeconds, \.liveWithin20, \.addresses, \.ids, \.personsWithin2Metres,
      \.hiddenByPause, \.secondPhones,
    ]
  }
}

extension Figures {
  init(_ recording: Recording, _ evaluation: Evaluation) {
    let truth = recording.perfect.map { TrueVisit($0, recording) }
    let found = evaluation.found.sorted { $0.key < $1.key }.map(\.value)
    counted = found.count
    true_ = truth.count
    matched = Self.match(truth.map(\.span), found.map { $0.start..<max($0.end, $0.start) })
    let (own, told) = (truth.filter(\.isBluezoner), found.filter(\.isBluezoner))
    (countedBluezoners, trueBluezoners) = (told.count, own.count)
    matchedBluezoners = Self.match(own.map(\.span), told.map { $0.start..<max($0.end, $0.start) })
    noteTolerant(recording, evaluation, found)
    noteSplits(truth, found)
    notePrompts(recording, evaluation)
    noteStops(truth, recording, evaluation)
    (liveSeconds, liveWithin20) = (evaluation.live.seconds, evaluation.live.within20)
    (addresses, ids) = (evaluation.nearAddresses.count, evaluation.nearIDs.count)
    personsWithin2Metres = recording.truth.visits.count { $0.isHearable }
    hiddenByPause = recording.truth.visits.count { $0.isHiddenByPause }
    secondPhones = truth.count { visit in
      visit.handset > 0
        && truth.contains { $0.person == visit.person && $0.handset < visit.handset && $0.meets(visit.span) }
    }
  }

  private mutating func noteTolerant(_ recording: Recording, _ evaluation: Evaluation, _ found: [Evaluation.Found]) {
    let strict = recording.strict.map { TrueVisit($0, recording) }
    for visit in strict where visit.isStopWithoutApp && visit.isKnownInTime {
      sureStops += 1
      if !evaluation.prompts.contains(where: { visit.isAnswered(by: $0) }) { sureMissed += 1 }
    }
    let lenient = recording.lenient.map { TrueVisit($0, recording) }
    let spans = found.map { $0.start..<max($0.end, $0.start) }
    let told = found.filter(\.isBluezoner).map { $0.start..<max($0.end, $0.start) }
    let allChannelsVisits = recording.allChannels.map { TrueVisit($0, recording) }
    let allChannelsOwn = allChannelsVisits.filter(\.isBluezoner)
    (allChannels, allChannelsBluezoners) = (allChannelsVisits.count, allChannelsOwn.count)
    allChannelsByOne = Self.match(allChannelsVisits.map(\.span), recording.perfect.map(\.span))
    allChannelsMatched = Self.match(allChannelsVisits.map(\.span), spans)
    allChannelsBluezonersMatched = Self.match(allChannelsOwn.map(\.span), told)
    sure = strict.count
    sureFound = Self.match(strict.map(\.span), spans)
    foundPossible = Self.match(lenient.map(\.span), spans)
    let own = strict.filter(\.isBluezoner)
    sureBluezoners = own.count
    sureBluezonersFound = Self.match(own.map(\.span), told)
    foundPossibleBluezoners = Self.match(lenient.filter(\.isBluezoner).map(\.span), told)
  }

  /// One to one, the pairs that share most of their time first.
  private static func match(_ a: [Range<Int64>], _ b: [Range<Int64>]) -> Int {
    var pairs: [(share: Double, a: Int, b: Int)] = []
    for (i, x) in a.enumerated() {
      for (k, y) in b.enumerated() {
        let common = min(x.upperBound, y.upperBound) - max(x.lowerBound, y.lowerBound)
        guard common > -TrueVisit.slackMilliseconds else { continue }
        let all = max(x.upperBound, y.upperBound) - min(x.lowerBound, y.lowerBound)
        pairs.append((Double(common) / Double(max(all, 1)), i, k))
      }
    }
    pairs.sort { ($0.share, $1.a, $1.b) > ($1.share, $0.a, $0.b) }
    var (takenA, takenB) = (Set<Int>(), Set<Int>())
    for pair in pairs where !takenA.contains(pair.a) && !takenB.contains(pair.b) {
      takenA.insert(pair.a)
      takenB.insert(pair.b)
    }
    return takenA.count
  }

  /// A visit is split when the same phone's next one begins where the first ends.
  private mutating func noteSplits(_ truth: [TrueVisit], _ found: [Evaluation.Found]) {
    for visit in truth where visit.hasRotation {
      rotations += 1
      let own = found.filter {
        $0.owner?.person == visit.person && $0.owner?.handset == visit.handset
          && visit.meets($0.start..<max($0.end, $0.start))
      }
      .sorted { $0.start < $1.start }
      if zip(own, own.dropFirst()).contains(where: { $0.end <= $1.start + 3000 && $1.start - $0.end < 10_000 }) {
        splits += 1
      }
    }
  }

  private mutating func notePrompts(_ recording: Recording, _ evaluation: Evaluation) {
    prompts = evaluation.prompts.count
    for prompt in evaluation.prompts {
      if prompt.owner.person < 0 {
        fixturePrompts += 1
      } else if prompt.hasApp {
        falsePrompts += 1
      } else if recording.crowd.people[prompt.owner.person].bluezoneSince.map({ $0 <= prompt.at }) ?? false {
        secondPhonePrompts += 1
      }
    }
  }

  private mutating func noteStops(_ truth: [TrueVisit], _ recording: Recording, _ evaluation: Evaluation) {
    var isPrompted: [Int: Bool] = [:]
    for visit in truth where visit.isStopWithoutApp {
      let prompt = evaluation.prompts.first { visit.isAnswered(by: $0) }
      // Prompted before, in the same stay: no time to speak of.
      if let prompt, visit.meets(prompt.at..<prompt.at) {
        delays.append(max(prompt.at - visit.span.lowerBound, 0))
        distanceDelays.append(max(prompt.at - visit.cameNear, 0))
      }
      guard visit.isKnownInTime else {
        unknowableStops += 1
        continue
      }
      isPrompted[visit.person, default: false] = isPrompted[visit.person] ?? false || prompt != nil
      if visit.platform == .ios {
        iosStops += 1
        if prompt == nil { iosMissed += 1 }
      } else {
        androidStops += 1
        if prompt == nil { androidMissed += 1 }
      }
    }
    stoppers = isPrompted.count
    stoppersMissed = isPrompted.values.count { !$0 }
  }
}

/// One visit of the perfect receiver's, with what the simulator knows besides.
struct TrueVisit {
  /// Times may differ by so much: smoothing begins and ends a visit a little later.
  static let slackMilliseconds: Int64 = 3000
  /// Who is away for less goes on with the same stay, and is not prompted again in it.
  static let stayMilliseconds: Int64 = 60_000

  var person: Int
  var handset: Int
  var platform: Platform?
  var span: Range<Int64>
  /// Has the app, and did not install it in this visit.
  var isBluezoner: Bool
  var hasRotation: Bool
  var isStopWithoutApp: Bool
  /// Since when it could be known whether the phone has the app.
  var knownAt: Int64
  /// When it was last heard without the app.
  var lastWithoutApp: Int64
  /// When its owner came within 2 m; the beginning of the visit if they did not.
  var cameNear: Int64

  init(_ visit: PerfectReceiver.Visit, _ recording: Recording) {
    let owner = recording.crowd.people[visit.person]
    let phone = owner.handsets[visit.handset]
    (person, handset, platform, span) = (visit.person, visit.handset, visit.platform, visit.span)
    let isInstalledHere = owner.installsAt.map { phone.bluezoneSince == $0 && $0 > visit.span.lowerBound } ?? false
    isBluezoner = visit.bluezoneSince != nil && !isInstalledHere
    let start = recording.crowd.scenario.start
    hasRotation = phone.advertisers.contains { $0.rotates(phone, within: visit.span, start: start) }
    let hasNoApp = owner.phones.allSatisfy { !$0.hasBluezone || owner.installsAt != nil }
    // Whoever installs it here was without it before, if the phone sent anything then.
    let without = (visit.bluezoneSince ?? .max) - max(visit.firstHeard, visit.span.lowerBound)
    isStopWithoutApp = hasNoApp && owner.role == .visitor && visit.airMilliseconds >= 5000 && without >= 20_000
    // An Android phone with the app is silent about it for 15 s of every 30.
    knownAt = max(visit.firstHeard + (visit.platform == .ios ? 0 : 15_000), visit.span.lowerBound)
    lastWithoutApp = visit.lastWithoutApp
    cameNear =
      recording.truth.near[visit.person].first {
        $0.upperBound > visit.span.lowerBound - Self.slackMilliseconds && $0.lowerBound < visit.span.upperBound
      }?.lowerBound ?? visit.span.lowerBound
  }

  /// Two seconds are left to say it in, while it is heard and has no app.
  var isKnownInTime: Bool { knownAt + 2000 <= lastWithoutApp }

  func isAnswered(by prompt: Evaluation.Prompt) -> Bool {
    prompt.owner.person == person && prompt.at > span.lowerBound - Self.stayMilliseconds
      && prompt.at < span.upperBound + Self.slackMilliseconds
  }

  func meets(_ other: Range<Int64>) -> Bool {
    min(other.upperBound, span.upperBound) - max(other.lowerBound, span.lowerBound) > -Self.slackMilliseconds
  }
}
