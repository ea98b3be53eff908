// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// One phone's owner, as far as the air tells: the tracks that are taken for one handset, and the visit.
///
/// Times are monotonic milliseconds.
struct Person: Sendable {
  var tracks: [Int32]
  /// When the first of its addresses was, those included that are forgotten by now.
  var firstHeard: Int64
  /// Whether an id came from it in its time here.
  var isBluezoner = false
  /// An id came from it, and does so no longer although others of its streams are heard: whoever has the app is heard
  /// with an id in every half minute, so it was somebody else's, who has left.
  var isWithoutID = false
  /// When its first id was told, if one was.
  var bluezonerSince: Int64?
  /// Whether it shows a sign of the app that has not been read yet.
  var hintsAtApp = false
  var platform: Platform?
  /// Has been here for hours: the office's own.
  var isFixture = false
  /// By the reports of all its tracks, up to now.
  var nearness = Nearness()
  /// As of the last step.
  var isAround = false
  var isNear = false
  var isIDAround = false
  /// Strongest of its tracks now, dBm.
  var dBm: Float = -127
  var nearestDBm: Float = -127
  /// Bounds of `dBm` lately, for telling what lies still, and ever since it came.
  var weakestDBm: Float = 127
  var strongestDBm: Float = -127
  var leastDBm: Float = 127
  var mostDBm: Float = -127
  var visit: Visit?
  /// Those that have ended, as long as it may turn out that it never moved.
  var endedVisits: [Visit] = []
  /// Whether this stay near the kiosk has been told as `bluezonerNear` or `prompt`.
  var isAnnounced = false
  var promptedAt: Int64?
  /// It was not near then, but in reach.
  var isPromptedFromAfar = false

  var nearSince: Int64 { nearness.since }
  var lastNear: Int64 { nearness.last }

  init(tracks: [Int32], firstHeard: Int64) {
    self.tracks = tracks
    self.firstHeard = firstHeard
  }

  /// Both as one. The visit that began first goes on.
  func merged(with other: Person) -> Person {
    var result = Person(tracks: tracks + other.tracks, firstHeard: min(firstHeard, other.firstHeard))
    result.isBluezoner = isBluezoner || other.isBluezoner
    result.bluezonerSince = [bluezonerSince, other.bluezonerSince].compactMap(\.self).min()
    result.hintsAtApp = hintsAtApp || other.hintsAtApp
    result.platform = platform ?? other.platform
    result.isFixture = isFixture || other.isFixture
    result.isAround = isAround || other.isAround
    result.nearness = nearness.merged(with: other.nearness)
    result.isNear = result.nearness.isNear
    result.isIDAround = isIDAround || other.isIDAround
    result.dBm = max(dBm, other.dBm)
    result.nearestDBm = max(nearestDBm, other.nearestDBm)
    result.weakestDBm = min(weakestDBm, other.weakestDBm)
    result.strongestDBm = max(strongestDBm, other.strongestDBm)
    result.leastDBm = min(leastDBm, other.leastDBm)
    result.mostDBm = max(mostDBm, other.mostDBm)
    result.endedVisits = endedVisits + other.endedVisits
    result.isAnnounced = isAnnounced || other.isAnnounced
    result.promptedAt = [promptedAt, other.promptedAt].compactMap(\.self).min()
    result.isPromptedFromAfar = isPromptedFromAfar && other.isPromptedFromAfar
    result.visit = visit
    if let b = other.visit, visit.map({ b.start < $0.start }) ?? true { result.visit = b }
    return result
  }
}
