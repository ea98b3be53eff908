// SPDX-License-Identifier: GPL-3.0-or-later

/// How far a round has come.
enum FeedProgress: Equatable, Sendable {
  case asking
  /// The batch, counted from 1 among those that are fetched, and its size.
  case fetching(batch: Int, of: Int, bytes: Int)
  case applying

  var words: String {
    switch self {
    case .asking: "asking for the manifest"
    case .fetching(let batch, let batches, let bytes): "fetching batch \(batch) of \(batches), \(bytes) bytes"
    case .applying: "applying"
    }
  }
}
