// SPDX-License-Identifier: GPL-3.0-or-later

/// What one page of the journal says: news of contacts and visits, in the order in which they were written.
public struct JournalRecord: Hashable, Sendable {
  public var head: JournalPage.Head
  /// The kernel's id of the boot in which it was written, for what has no date yet.
  public var boot: String
  /// What another part keeps with it, as it gave it; nil when it gave nothing.
  public var clock: [UInt8]?
  public var contacts: [ContactUpdate] = []
  public var visits: [JournaledVisit] = []
  /// Contacts that could not be told because the page with their ids is missing.
  public var unknown = 0

  public init(head: JournalPage.Head, boot: String, clock: [UInt8]? = nil) {
    self.head = head
    self.boot = boot
    self.clock = clock
  }
}

/// News of a visit, with its place in the database.
///
/// A dated visit that was read from the journal has whole seconds, and no times on the monotonic clock.
public struct JournaledVisit: Hashable, Sendable {
  public var update: VisitUpdate
  /// The row it has, or is to have; nil when none could be found for it.
  public var row: Int64?
  /// Whether the row stood in the database when this was written.
  public var isInserted: Bool

  public init(_ update: VisitUpdate, row: Int64? = nil, isInserted: Bool = false) {
    self.update = update
    self.row = row
    self.isInserted = isInserted
  }
}
