// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Synchronization

@testable import KioskApp

/// A journal in memory, of which any write or sync can be made to fail.
final class MemoryJournal: JournalMedium {
  struct Disk: Sendable {
    var bytes: [UInt8]
    /// Writes and syncs that still succeed; nil for all.
    var stepsLeft: Int?
    /// What a write that fails has written all the same, bytes.
    var tornBytes = 0
    var pagesWritten = 0
  }

  let disk: Mutex<Disk>
  let pageCount: Int
  let lackedBytes: Int

  init(pages: Int = 16, bytes: [UInt8]? = nil, lackedBytes: Int = 0) {
    self.lackedBytes = lackedBytes
    pageCount = pages
    disk = Mutex(Disk(bytes: bytes ?? [UInt8](repeating: 0, count: pages * JournalPage.byteCount)))
  }

  var bytes: [UInt8] { disk.withLock { $0.bytes } }

  func fail(after steps: Int?, tornBytes: Int = 0) {
    disk.withLock {
      $0.stepsLeft = steps
      $0.tornBytes = tornBytes
    }
  }

  func read() throws(JournalError) -> [UInt8] { bytes }

  func write(_ bytes: [UInt8], at page: Int) throws(JournalError) {
    try disk.withLock { disk throws(JournalError) in
      let works = disk.stepsLeft != 0
      disk.stepsLeft = disk.stepsLeft.map { max($0 - 1, 0) }
      let start = page * JournalPage.byteCount
      for (i, byte) in bytes.enumerated() where works || i < disk.tornBytes { disk.bytes[start + i] = byte }
      guard works else { throw JournalError("the disk is broken") }
      disk.pagesWritten += bytes.count / JournalPage.byteCount
    }
  }

  func sync() throws(JournalError) {
    try disk.withLock { disk throws(JournalError) in
      guard disk.stepsLeft != 0 else { throw JournalError("the disk is broken") }
      disk.stepsLeft = disk.stepsLeft.map { $0 - 1 }
    }
  }
}
