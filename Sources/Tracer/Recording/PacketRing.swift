// SPDX-License-Identifier: GPL-3.0-or-later

/// The newest packets between host and controller, in memory that is taken once and never grows.
///
/// Bounded by bytes, number and age; the oldest go first, and are overwritten with zeros when they go. The age keeps
/// to the rule that an address is remembered only while its device is around.
public struct PacketRing: Sendable {
  /// A whole btsnoop file of what the ring holds.
  public struct Recording: Sendable, Equatable {
    public var file: [UInt8]
    /// Records in `file`.
    public var packets: Int
    /// Packets that were in the ring before and had to go.
    public var forgotten: Int
    /// Packets that never were in it: larger than the ring, or none that btsnoop can hold.
    public var dropped: Int
  }

  /// Slots one behind the other, round the end: 8 bytes of monotonic time, then the packet's btsnoop record, whose
  /// drops count from the ring's beginning.
  private var storage: [UInt8]
  /// Where the oldest slot begins.
  private var first = 0
  /// Bytes of all slots.
  private var used = 0
  private let packetLimit: Int
  private let ageLimitMilliseconds: Int64
  /// Where a slot is put together.
  private var slot: [UInt8] = []

  /// Packets held.
  public private(set) var count = 0
  public private(set) var forgotten = 0
  public private(set) var dropped = 0

  private static let timeBytes = 8
  private static let overhead = timeBytes + BtsnoopWriter.recordHeaderBytes

  /// - Parameters:
  ///   - bytes: of memory. Each packet costs 32 beside its own.
  ///   - packets: held at most.
  ///   - ageMilliseconds: after which a packet goes when the next one comes or a recording is asked for.
  public init(bytes: Int, packets: Int, ageMilliseconds: Int64) {
    storage = [UInt8](repeating: 0, count: max(bytes, 0))
    packetLimit = max(packets, 0)
    ageLimitMilliseconds = ageMilliseconds
  }

  /// Bytes of memory in use.
  public var usedBytes: Int { used }

  /// Notes one whole packet with its H4 indicator.
  ///
  /// - Parameters:
  ///   - microseconds: wall time since 1970-01-01T00:00:00Z, for the recording.
  ///   - isReceived: whether the controller sent it.
  ///   - time: when, on the clock that does not jump; not earlier than that of the packet before.
  public mutating func append(_ packet: [UInt8], microseconds: Int64, isReceived: Bool, at time: MonotonicTime) {
    forgetOld(at: time)
    slot.removeAll(keepingCapacity: true)
    BtsnoopWriter.appendBigEndian(time.milliseconds, to: &slot)
    guard packetLimit > 0, packet.count <= storage.count - Self.overhead,
      BtsnoopWriter.append(
        packet, microseconds: microseconds, isReceived: isReceived, drops: UInt32(truncatingIfNeeded: dropped),
        to: &slot)
    else {
      dropped += 1
      return
    }
    while count >= packetLimit || storage.count - used < slot.count { forgetOldest() }
    let start = (first + used) % storage.count
    let untilEnd = min(slot.count, storage.count - start)
    storage.replaceSubrange(start..<start + untilEnd, with: slot[..<untilEnd])
    storage.replaceSubrange(0..<slot.count - untilEnd, with: slot[untilEnd...])
    used += slot.count
    count += 1
  }

  /// A btsnoop file of all that is held and not too old at `time`.
  public mutating func recording(at time: MonotonicTime) -> Recording {
    forgetOld(at: time)
    var file = BtsnoopWriter.fileHeader
    file.reserveCapacity(file.count + used)
    var offset = 0
    var dropsBefore: UInt32?
    while offset < used {
      let bytes = slotBytes(at: offset)
      // The format counts drops from the file's first record.
      let drops = uint32(offset + Self.timeBytes + 12)
      let base = dropsBefore ?? drops
      dropsBefore = base
      append(offset + Self.timeBytes..<offset + Self.timeBytes + 12, to: &file)
      BtsnoopWriter.appendBigEndian(drops &- base, to: &file)
      append(offset + Self.timeBytes + 16..<offset + bytes, to: &file)
      offset += bytes
    }
    return Recording(file: file, packets: count, forgotten: forgotten, dropped: dropped)
  }

  private mutating func forgetOld(at time: MonotonicTime) {
    while count > 0 {
      let milliseconds = Int64(bitPattern: UInt64(uint32(0)) << 32 | UInt64(uint32(4)))
      guard time.milliseconds(since: MonotonicTime(milliseconds: milliseconds)) > ageLimitMilliseconds else { return }
      forgetOldest()
    }
  }

  private mutating func forgetOldest() {
    let bytes = slotBytes(at: 0)
    for offset in 0..<bytes { storage[(first + offset) % storage.count] = 0 }
    first = (first + bytes) % storage.count
    used -= bytes
    count -= 1
    forgotten += 1
  }

  // MARK: Reading, by offsets from the oldest slot

  private func slotBytes(at offset: Int) -> Int { Self.overhead + Int(uint32(offset + Self.timeBytes + 4)) }

  private func uint32(_ offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 << 8 | UInt32(storage[(first + offset + $1) % storage.count]) }
  }

  private func append(_ offsets: Range<Int>, to file: inout [UInt8]) {
    let start = (first + offsets.lowerBound) % storage.count
    let untilEnd = min(offsets.count, storage.count - start)
    file.append(contentsOf: storage[start..<start + untilEnd])
    file.append(contentsOf: storage[..<(offsets.count - untilEnd)])
  }
}
