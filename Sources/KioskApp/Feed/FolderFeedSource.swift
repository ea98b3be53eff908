// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore

/// A feed in a folder: on a USB stick, or where it was published.
struct FolderFeedSource: FeedSource {
  let folder: String
  private let file: String

  /// - Parameter path: the folder, or the manifest in it.
  init(path: String) {
    var attributes = stat()
    if stat(path, &attributes) == 0, attributes.st_mode & S_IFMT == S_IFDIR {
      folder = path
      file = path + "/" + FeedEnvelope.fileName
    } else {
      folder = Files.folder(of: path)
      file = path
    }
  }

  func manifest(unless known: FeedValidators?) throws(FeedFault) -> FeedAnswer {
    try FeedFault.onDisk { () throws(FileError) in
      .manifest(try Files.read(file, limit: CoreLimits.feedManifestBytes), nil)
    }
  }

  func batch(_ batch: FeedManifest.Batch, what: String, into download: FeedDownload) throws(FeedFault) {
    try FeedFault.onDisk { () throws(FileError) in
      let bytes = try Files.read("\(folder)/\(batch.path)", limit: CoreLimits.feedBatchBytes)
      try download.restart(validator: nil)
      try download.append(bytes)
    }
  }
}
