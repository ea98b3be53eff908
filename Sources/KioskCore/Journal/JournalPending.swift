// SPDX-License-Identifier: GPL-3.0-or-later

import Tracer

/// What the journal holds that the database does not: by run of the program, since each numbers its visits for itself.
public struct JournalPending: Sendable {
  public struct Run: Sendable {
    public let run: UInt64
    /// The kernel's id of the boot in which it ran.
    public let boot: String
    fileprivate var ledger = ContactLedger()
    fileprivate var places: [Int: Int] = [:]
    /// The newest of each visit, in the order in which they were first told of.
    public fileprivate(set) var visits: [JournaledVisit] = []

    public init(run: UInt64, boot: String) {
      self.run = run
      self.boot = boot
    }

    /// Each contact once.
    public var contacts: [ContactUpdate] {
      var ledger = ledger
      return ledger.takeAll()
    }
  }

  /// The oldest first.
  public private(set) var runs: [Run] = []

  public init() {}

  public var isEmpty: Bool { runs.allSatisfy { $0.ledger.pendingCount == 0 && $0.visits.isEmpty } }
  /// Contacts of the run that has most.
  public var contactCount: Int { runs.map(\.ledger.pendingCount).max() ?? 0 }
  public var visitCount: Int { runs.map(\.visits.count).max() ?? 0 }

  public mutating func add(_ contacts: [ContactUpdate], _ visits: [JournaledVisit], run: UInt64, boot: String) {
    guard !contacts.isEmpty || !visits.isEmpty else { return }
    let index = runs.firstIndex { $0.run == run } ?? runs.endIndex
    if index == runs.endIndex { runs.append(Run(run: run, boot: boot)) }
    runs[index].ledger.putBack(contacts, at: MonotonicTime(milliseconds: 0))
    for visit in visits {
      let number = visit.update.visit.number
      if let place = runs[index].places[number] {
        runs[index].visits[place] = visit
      } else {
        runs[index].places[number] = runs[index].visits.count
        runs[index].visits.append(visit)
      }
    }
  }

  public mutating func add(_ record: JournalRecord) {
    add(record.contacts, record.visits, run: record.head.run, boot: record.boot)
  }

  /// What earlier runs have left, before what is held already.
  public mutating func putFirst(_ earlier: JournalPending) { runs = earlier.runs + runs }
}
