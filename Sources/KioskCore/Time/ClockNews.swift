// SPDX-License-Identifier: GPL-3.0-or-later

/// What is told of a clock that leapt, in the log and in the audit.
public struct ClockNews: Hashable, Sendable {
  public enum Kind: String, Hashable, Sendable {
    case leapt
    /// It has stood for long enough: rows are dated and deleted by it.
    case believed
    /// The clock came back to what it was.
    case takenBack
  }

  public var kind: Kind
  /// How far it leapt; above 0 is ahead.
  public var byMilliseconds: Int64
  /// The wall clock minus operating time that it leapt to.
  public var offset: Int64
}
