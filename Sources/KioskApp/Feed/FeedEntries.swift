// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import Tracer

/// What the health office enters, made ready to be published: files read and checked, what is published already left out,
/// the rest cut into batches.
struct FeedEntries {
  /// Published already, or entered twice.
  private(set) var known = 0
  /// Ended so long ago that kiosks keep no contacts of that time.
  private(set) var old = 0
  private(set) var new: [F0Entry] = []
  private var seen: Set<F0Entry>
  private let now: UTCTime

  init(published: some Sequence<F0Entry>, at now: UTCTime) {
    seen = Set(published)
    self.now = now
  }

  /// Takes in a file.
  mutating func add(file: String) throws(FileError) {
    let bytes = try Files.read(file, limit: CoreLimits.f0FileBytes)
    let batch: F0Batch
    do throws(F0Batch.Refusal) { batch = try F0Batch(json: bytes) } catch {
      throw FileError("\(file) was refused, nothing is published: \(error)")
    }
    for (index, entry) in batch.entries.enumerated() {
      // A day's key is known when its day is over; a day more for time zones.
      guard entry.start.seconds <= now.seconds + 86_400 else {
        throw FileError(
          "\(file) was refused, nothing is published: entry \(index + 1): time_start lies in the future; check it, and "
            + "this machine's clock")
      }
      if !seen.insert(entry).inserted {
        known += 1
      } else {
        if entry.end.seconds < now.seconds - Self.longestRetentionSeconds { old += 1 }
        new.append(entry)
      }
    }
  }

  /// Kiosks keep contacts at most 30 days.
  private static let longestRetentionSeconds: Int64 = 30 * 86_400

  /// The batches of what is new, with their files' bytes.
  func batches() -> [(batch: FeedManifest.Batch, bytes: [UInt8])] {
    stride(from: 0, to: new.count, by: CoreLimits.feedBatchEntries).map { start in
      let entries = Array(new[start..<min(start + CoreLimits.feedBatchEntries, new.count)])
      let bytes = F0Batch(entries: entries).json
      return (
        .init(
          sha256: FeedSignature.sha256(bytes), bytes: bytes.count, entries: entries.count,
          added: UTCTime(seconds: now.seconds)), bytes
      )
    }
  }
}
