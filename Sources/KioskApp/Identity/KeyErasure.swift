// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Tracer

/// Changes of keys that stand in files of their own: this node's, and those of F0 batches that never came to their end. On a
/// thread of its own; what fails is done at the next hour's purge.
final class KeyErasure: Sendable {
  private let dataFolder: String
  private let post: @Sendable (Kiosk.Event) -> Void
  private let queue = DispatchQueue(label: "keys", qos: .utility)

  init(dataFolder: String, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.dataFolder = dataFolder
    self.post = post
  }

  /// Forgets this node's keys of days before this one.
  func forgetOwnKeys(before day: Int64) {
    queue.async { [self] in
      let file = IdentityFile(dataFolder: dataFolder)
      // Without one there is nothing to forget; one that cannot be read is told of as such.
      guard (try? file.load()) != nil else { return }
      var fault: String?
      do throws(FileError) { try file.ratchet(to: day) } catch { fault = error.description }
      post(.diskWork(.forgettingKeys, fault: fault))
    }
  }

  /// Gives a key that was made by a clock that went ahead the day `day`, and tells the core.
  func putRight(to day: Int64) {
    queue.async { [self] in
      var fault: String?
      do throws(FileError) { post(.identityRead(try IdentityFile(dataFolder: dataFolder).putRight(to: day))) } catch {
        fault = error.description
      }
      post(.diskWork(.datingKey, fault: fault))
    }
  }

  /// Forgets what has come of batches and has not changed since.
  func forgetDownloads(before time: UTCTime) {
    queue.async { [self] in FeedDownloads.forget(before: time, dataFolder: dataFolder) }
  }

  func finish() async {
    await withCheckedContinuation { continuation in queue.async { continuation.resume() } }
  }
}
