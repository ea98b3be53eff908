// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore

/// Where a feed comes from: a web server, or a folder. Calls block; none belongs on the cooperative pool.
protocol FeedSource {
  /// The signed manifest, unless it is still what `known` stands for.
  func manifest(unless known: FeedValidators?) throws(FeedFault) -> FeedAnswer

  /// Appends a batch to what has come of it, from where that ends, or anew if it has changed meanwhile.
  ///
  /// - Parameter what: what people call it.
  func batch(_ batch: FeedManifest.Batch, what: String, into download: FeedDownload) throws(FeedFault)
}

enum FeedAnswer {
  case notModified
  case manifest([UInt8], FeedValidators?)
}

/// What a server calls a version of a file. Source: RFC 9110, 8.8.
struct FeedValidators: Equatable, Sendable {
  var etag: String?
  var lastModified: String?

  /// What a range may be asked for with; nil where nothing is strong enough. Source: RFC 9110, 13.1.5.
  var forRange: String? {
    if let etag { return etag.hasPrefix("W/") ? nil : etag }
    return lastModified
  }
}
