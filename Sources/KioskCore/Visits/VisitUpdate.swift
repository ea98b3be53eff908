// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// News of one visit for the entry log: a new row, or the same one with more in it.
public struct VisitUpdate: Hashable, Sendable {
  /// When the visit was, by the clock that could be believed.
  public enum Span: Hashable, Sendable {
    case dated(start: UTCTime, end: UTCTime)
    /// By the monotonic clock of this boot, until the wall clock is synchronised.
    case undated(start: MonotonicTime, end: MonotonicTime)
  }

  /// The visit as it is now, with its number in this run.
  public var visit: Visit
  public var span: Span
  /// It turned out to be part of another, or none: its row is to be removed if there is one.
  public var isWithdrawn = false
  /// How often this boot's entries had been dated again when this one got its times: see `Redatings`.
  var redatings = 0

  public init(_ visit: Visit, at moment: Moment) {
    self.visit = visit
    span =
      moment.isSynchronised
      ? .dated(start: moment.utc(at: visit.start), end: moment.utc(at: visit.end))
      : .undated(start: visit.start, end: visit.end)
  }

  /// As it was written down.
  init(_ visit: Visit, span: Span) {
    self.visit = visit
    self.span = span
  }
}
