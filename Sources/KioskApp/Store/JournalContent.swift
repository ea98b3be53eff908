// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore
import Tracer

/// What could be read of a journal, page by page.
struct JournalContent {
  struct Page {
    var place: Int
    var record: JournalRecord
  }

  /// By their sequence.
  private(set) var pages: [Page] = []
  /// Places of pages that hold something, readable or not.
  private(set) var used: Set<Int> = []
  /// Places of those that are damaged.
  private(set) var damaged: [Int] = []
  /// Neither a journal's nor empty.
  private(set) var isForeign = false

  init(_ bytes: [UInt8]) {
    var heads: [(place: Int, head: JournalPage.Head)] = []
    var looksForeign = false
    let pageBytes = JournalPage.byteCount
    let all = bytes.span
    // Most of the file is empty, and is passed over fast.
    let empty = [UInt8](repeating: 0, count: pageBytes)
    let full = bytes.withUnsafeBytes { bytes in
      (0..<bytes.count / pageBytes).filter { place in
        bytes.baseAddress.map { memcmp($0 + place * pageBytes, empty, pageBytes) != 0 } ?? false
      }
    }
    for place in full {
      let page = all.extracting(place * pageBytes..<(place + 1) * pageBytes)
      do throws(ParseError) {
        heads.append((place, try JournalPage.head(page)))
        used.insert(place)
      } catch {
        if !JournalPage.isLikely(page) { looksForeign = true }
        damaged.append(place)
        used.insert(place)
      }
    }
    isForeign = looksForeign && heads.isEmpty
    var decoder = JournalDecoder()
    heads.sort { ($0.head.epoch, $0.head.sequence) < ($1.head.epoch, $1.head.sequence) }
    for (place, _) in heads {
      let page = all.extracting(place * pageBytes..<(place + 1) * pageBytes)
      do throws(ParseError) {
        pages.append(Page(place: place, record: try decoder.read(page)))
      } catch {
        damaged.append(place)
      }
    }
  }

  /// Leaves out pages of an epoch from a number on.
  ///
  /// - Returns: how many.
  mutating func drop(from first: JournalMark) -> Int {
    let before = pages.count
    pages.removeAll { $0.record.head.epoch == first.epoch && $0.record.head.sequence >= first.sequence }
    return before - pages.count
  }

  /// Those that the database does not hold by its mark. It says nothing of other epochs: see `Store.pending`.
  func pages(after mark: JournalMark?) -> [Page] {
    pages.filter { page in
      guard let mark else { return true }
      let head = page.record.head
      return head.epoch != mark.epoch || head.sequence > mark.sequence
    }
  }

  /// Pages whose content is lost for the database: before the last one that it does not hold yet. One after that was just
  /// being written when the power went, or is old.
  func lostPages(after mark: JournalMark?) -> Int {
    let pages = pages(after: mark)
    let last = pages.map(\.place).max() ?? -1
    return damaged.count { $0 < last }
  }
}

/// The newest page that the database holds.
struct JournalMark: Equatable {
  var epoch: UInt64
  var sequence: UInt64
}
