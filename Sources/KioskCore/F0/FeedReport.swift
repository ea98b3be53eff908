// SPDX-License-Identifier: GPL-3.0-or-later

/// How a round of the feed ended.
public struct FeedReport: Hashable, Sendable {
  public enum Outcome: Hashable, Sendable {
    /// What is held is current.
    case unchanged
    case applied(batches: Int, newEntries: Int, withdrawnEntries: Int)
    /// Nothing was changed; the words for it, and how long the server wants to be left alone.
    case failed(reason: String, retryAfterMilliseconds: Int64?)
  }

  public var outcome: Outcome
  /// What is held now, nil if nothing ever was.
  public var state: FeedState?

  public init(_ outcome: Outcome, state: FeedState?) {
    self.outcome = outcome
    self.state = state
  }

  public var fault: String? {
    if case .failed(let reason, _) = outcome { reason } else { nil }
  }
}
