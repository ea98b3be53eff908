// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// Walks the ids of many entries day by day, so that a log of any length is read once, in its own order, and only the
/// contacts of a day are in memory. Per entry it keeps one key of 32 bytes.
///
/// A day's chain ends after its last slot that any contact can match; on a day without contacts only the daily key
/// itself goes on.
struct F0Sweep {
  var hasher: SubkeyHasher
  var toleranceMilliseconds: Int64

  /// One entry's ids of a day.
  struct Chain {
    /// Its place in the entries given.
    var entry: Int
    var dayStart: UTCTime
    var scheme: SlotScheme
    /// How many of the ids count.
    var slots: Int
    /// Whether there are further days, and the number of the log day it started in: for the sweep's own use.
    fileprivate var end: UTCTime

    func slotStart(_ index: Int) -> UTCTime {
      dayStart.adding(milliseconds: Int64(index) * scheme.slotMilliseconds)
    }
  }

  /// The ids of some chains: two numbers each, those of chain c from 2 × c × `stride` on.
  struct Block {
    var chains: ArraySlice<Chain>
    var ids: [UInt64] = []
    var stride = 0
  }

  /// Ids made at once: they stay in the cache between making and looking up.
  private static let idsABlock = 6144
  private static let chainsABlock = 64
  private static let fewestChainsABlock = 16

  /// - Parameters:
  ///   - occupied: the log slots in a range that hold contacts, in order. Called once a day, in order.
  ///   - visit: takes a block's ids.
  ///   - goOn: told after each block how many of the entries' days are done, of all; says whether to go on.
  /// - Returns: whether it came to the end.
  func run<Failure: Error>(
    _ entries: [F0Entry],
    occupied: (ClosedRange<Int64>) throws(Failure) -> [Int64],
    visit: (borrowing Block) throws(Failure) -> Void,
    goOn: (_ done: Int, _ total: Int) -> Bool
  ) throws(Failure) -> Bool {
    let order = entries.indices.sorted { Self.rank(entries[$0]) < Self.rank(entries[$1]) }
    let total = entries.reduce(0) { $0 + Self.days($1) }
    var (waiting, done) = (order[...], 0)
    var chains: [Chain] = []
    var keys: [UInt32] = []
    var block = Block(chains: [])
    while true {
      if chains.isEmpty {
        guard let next = waiting.first else { return true }
        add(entries, &waiting, day: Self.day(entries[next].start), &chains, &keys)
      }
      let isWhole = try walk(&chains, keys, &block, occupied, visit) { goOn(done + $0, total) }
      guard isWhole else { return false }
      done += chains.count
      let day = chains.map { Self.day($0.dayStart) }.max() ?? 0
      Self.nextDay(&chains, &keys)
      hasher.advance(&keys)
      add(entries, &waiting, day: day + 1, &chains, &keys)
    }
  }

  /// Takes in the entries that begin on a day.
  private func add(
    _ entries: [F0Entry], _ waiting: inout ArraySlice<Int>, day: Int64, _ chains: inout [Chain], _ keys: inout [UInt32]
  ) {
    while let index = waiting.first, Self.day(entries[index].start) <= day {
      waiting.removeFirst()
      let entry = entries[index]
      guard entry.start <= entry.end else { continue }
      chains.append(
        Chain(entry: index, dayStart: entry.start, scheme: entry.scheme, slots: 0, end: entry.end))
      keys += entry.dailyKey.words
    }
  }

  /// The chains that have a further day, in it; their keys are still the old ones.
  private static func nextDay(_ chains: inout [Chain], _ keys: inout [UInt32]) {
    var kept = 0
    for index in chains.indices {
      var chain = chains[index]
      let next = chain.dayStart.adding(milliseconds: SlotScheme.dayMilliseconds)
      guard next <= chain.end, next > chain.dayStart else { continue }
      chain.dayStart = next
      chains[kept] = chain
      if kept != index {
        for word in 0..<SubkeyHasher.keyWords {
          keys[kept * SubkeyHasher.keyWords + word] = keys[index * SubkeyHasher.keyWords + word]
        }
      }
      kept += 1
    }
    chains.removeLast(chains.count - kept)
    keys.removeLast(keys.count - kept * SubkeyHasher.keyWords)
  }

  private func walk<Failure: Error>(
    _ chains: inout [Chain], _ keys: [UInt32], _ block: inout Block,
    _ occupied: (ClosedRange<Int64>) throws(Failure) -> [Int64], _ visit: (borrowing Block) throws(Failure) -> Void,
    goOn: (Int) -> Bool
  ) throws(Failure) -> Bool {
    guard let earliest = chains.lazy.map(\.dayStart).min(), let latest = chains.lazy.map(\.dayStart).max() else {
      return true
    }
    let dayEnd = latest.adding(milliseconds: SlotScheme.dayMilliseconds)
    let slots = try occupied(logSlots(from: earliest, to: dayEnd))
    guard !slots.isEmpty else { return goOn(chains.count) }
    var last: (dayStart: UTCTime, scheme: SlotScheme, slots: Int)?
    for index in chains.indices {
      let chain = chains[index]
      if last?.dayStart != chain.dayStart || last?.scheme != chain.scheme {
        last = (chain.dayStart, chain.scheme, needed(chain, slots))
      }
      let span = chain.end.milliseconds - chain.dayStart.milliseconds
      let ended = span / chain.scheme.slotMilliseconds + 1
      chains[index].slots = min(last?.slots ?? 0, Int(clamping: ended))
    }
    var first = 0
    while first < chains.count {
      let count = Self.blockLength(chains, from: first)
      block.chains = chains[first..<first + count]
      block.stride = block.chains.lazy.map(\.slots).max() ?? 0
      hasher.walk(keys, first..<first + count, slots: block.stride, into: &block.ids)
      if block.stride > 0 { try visit(block) }
      first += count
      guard goOn(first) else { return false }
    }
    block.chains = []
    return true
  }

  private static func blockLength(_ chains: [Chain], from first: Int) -> Int {
    let perChain = max(chains[first].slots, 1)
    let fitting = min(max(idsABlock / perChain, fewestChainsABlock), chainsABlock)
    return min(fitting, chains.count - first)
  }

  /// The log slots whose contacts an id of the time can match.
  func logSlots(from: UTCTime, to: UTCTime) -> ClosedRange<Int64> {
    // One more before: a contact that was dated afterwards may reach over the end of its slot.
    let first = LogSlot.number(at: from.adding(milliseconds: -toleranceMilliseconds)) - 1
    let last = LogSlot.number(at: to.adding(milliseconds: toleranceMilliseconds - 1))
    return first...max(first, last)
  }

  /// How many slots of a chain's day to walk: up to the last that a contact in these log slots can match.
  private func needed(_ chain: Chain, _ occupied: [Int64]) -> Int {
    let day = logSlots(from: chain.dayStart, to: chain.dayStart.adding(milliseconds: SlotScheme.dayMilliseconds))
    guard let last = occupied.last(where: { $0 <= day.upperBound }), last >= day.lowerBound else { return 0 }
    // A contact of that slot is over before the end of the next.
    let over = LogSlot.start(of: last + 2).adding(milliseconds: toleranceMilliseconds)
    let reach = over.milliseconds - chain.dayStart.milliseconds
    guard reach > 0 else { return 0 }
    return Int(clamping: min((reach - 1) / chain.scheme.slotMilliseconds + 1, Int64(chain.scheme.slotsPerDay)))
  }

  /// Entries with the same slots stand together, so that one block is walked equally far.
  private static func rank(_ entry: F0Entry) -> (Int64, Int, Int64, Int64) {
    (day(entry.start), entry.scheme.slotsPerDay, entry.start.milliseconds, entry.end.milliseconds)
  }

  private static func day(_ time: UTCTime) -> Int64 { SlotScheme.standard.slot(at: time).day }

  private static func days(_ entry: F0Entry) -> Int {
    guard entry.start <= entry.end else { return 0 }
    let (span, overflow) = entry.end.milliseconds.subtractingReportingOverflow(entry.start.milliseconds)
    return overflow ? 1 : Int(clamping: span / SlotScheme.dayMilliseconds + 1)
  }
}
