// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// The ids that F0 entries held already send in a few log slots, for contacts that come after the entries.
///
/// All ids of 10,000 entries of 14 days would be 13 million, 200 MB and more; a contact can match those of its own time
/// alone, about five an entry. So these are kept for the slots around now, and only for entries that reach into them;
/// contacts of other times go through `F0Matcher`.
public struct HeldIDs: Sendable {
  /// The log slots whose contacts are answered.
  public let slots: ClosedRange<Int64>
  private var owners: [BluezoneID: [Owner]] = [:]

  /// Who sends an id, and when by its own clock.
  public struct Owner: Hashable, Sendable {
    /// The entry's place in those given.
    public var entry: Int
    public var slotStart: UTCTime
    public var slotEnd: UTCTime
  }

  public init(
    _ entries: [F0Entry], slots: ClosedRange<Int64>, toleranceMilliseconds: Int64, hasher: SubkeyHasher
  ) {
    self.slots = slots
    let sweep = F0Sweep(hasher: hasher, toleranceMilliseconds: toleranceMilliseconds)
    _ = sweep.run(
      entries, occupied: { range in range.overlaps(slots) ? Array(slots.clamped(to: range)) : [] },
      visit: { block in
        var base = 0
        for chain in block.chains {
          for index in 0..<chain.slots {
            let start = chain.slotStart(index)
            let end = start.adding(milliseconds: chain.scheme.slotMilliseconds)
            guard sweep.logSlots(from: start, to: end).overlaps(slots) else { continue }
            let id = BluezoneID(
              high: block.ids[base + 2 * index], low: UInt32(truncatingIfNeeded: block.ids[base + 2 * index + 1]))
            owners[id, default: []].append(Owner(entry: chain.entry, slotStart: start, slotEnd: end))
          }
          base += 2 * block.stride
        }
      }, goOn: { _, _ in true })
  }

  public var count: Int { owners.count }

  /// The candidates for a contact in one of `slots`.
  public func candidates(_ id: BluezoneID, logSlot: Int64) -> [F0Candidate] {
    (owners[id] ?? []).map {
      F0Candidate(entry: $0.entry, id: id, logSlot: logSlot, slotStart: $0.slotStart, slotEnd: $0.slotEnd)
    }
  }
}
