// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("The ring of the newest packets") struct PacketRingTests {
  private func time(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(milliseconds: milliseconds) }

  private func records(_ recording: PacketRing.Recording) throws -> [BtsnoopReader.Record] {
    var reader = try BtsnoopReader(recording.file)
    var records: [BtsnoopReader.Record] = []
    while let record = try reader.next() { records.append(record) }
    #expect(records.count == recording.packets)
    return records
  }

  /// The drops field of each record.
  private func drops(_ recording: PacketRing.Recording) throws -> [UInt32] {
    var offset = 16
    return try records(recording).map { record in
      defer { offset += 24 + record.packet.count }
      return recording.file[offset + 12..<offset + 16].reduce(0) { $0 << 8 | UInt32($1) }
    }
  }

  @Test("An empty ring gives a file of its header alone") func empty() throws {
    var ring = PacketRing(bytes: 100, packets: 10, ageMilliseconds: 1000)
    let recording = ring.recording(at: time(0))
    #expect(recording == .init(file: BtsnoopWriter.fileHeader, packets: 0, forgotten: 0, dropped: 0))
  }

  @Test("Packets come out in order, with time and direction") func order() throws {
    var ring = PacketRing(bytes: 1000, packets: 10, ageMilliseconds: 1000)
    ring.append([1, 3, 12, 0], microseconds: 5, isReceived: false, at: time(0))
    ring.append([4, 14, 0], microseconds: 6, isReceived: true, at: time(1))
    #expect(
      try records(ring.recording(at: time(1))) == [
        .init(packet: [1, 3, 12, 0], microseconds: 5, isReceived: false),
        .init(packet: [4, 14, 0], microseconds: 6, isReceived: true),
      ])
    #expect(ring.count == 2 && ring.usedBytes == 2 * 32 + 7)
  }

  @Test("It always holds the newest that fit, however the slots lie", arguments: 1...20 as ClosedRange<UInt64>)
  func newest(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let bytes = Int.random(in: 40...700, using: &random)
    let packets = Int.random(in: 1...12, using: &random)
    var ring = PacketRing(bytes: bytes, packets: packets, ageMilliseconds: 20)
    var model: [(at: Int64, record: BtsnoopReader.Record)] = []
    var forgotten = 0
    var dropped = 0
    var now: Int64 = 0
    for step in 0..<500 {
      now += Int64.random(in: 0...6, using: &random)
      let packet = (0..<Int.random(in: 0...120, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let record = BtsnoopReader.Record(
        packet: packet, microseconds: Int64(step), isReceived: .random(using: &random))
      ring.append(packet, microseconds: record.microseconds, isReceived: record.isReceived, at: time(now))
      let held = model.count
      model.removeAll { now - $0.at > 20 }
      if packet.isEmpty || packet.count + 32 > bytes {
        dropped += 1
        forgotten += held - model.count
      } else {
        model.append((now, record))
        while model.count > packets || model.reduce(0, { $0 + 32 + $1.record.packet.count }) > bytes {
          model.removeFirst()
        }
        forgotten += held + 1 - model.count
      }
      let recording = ring.recording(at: time(now))
      #expect(try records(recording) == model.map(\.record), "seed \(seed) step \(step)")
      #expect(recording.forgotten == forgotten && recording.dropped == dropped, "seed \(seed) step \(step)")
      #expect(ring.usedBytes <= bytes)
    }
  }

  @Test("A packet that fills the ring to the byte is held, one byte more is dropped and disturbs nothing")
  func large() throws {
    var ring = PacketRing(bytes: 132, packets: 10, ageMilliseconds: 1000)
    let fits = [UInt8](repeating: 2, count: 100)
    ring.append(fits, microseconds: 0, isReceived: true, at: time(0))
    ring.append(fits + [2], microseconds: 1, isReceived: true, at: time(0))
    let recording = ring.recording(at: time(0))
    #expect(try records(recording).map(\.packet) == [fits])
    #expect(recording.dropped == 1 && recording.forgotten == 0)
    ring.append([4], microseconds: 2, isReceived: true, at: time(0))
    #expect(try records(ring.recording(at: time(0))).map(\.packet) == [[4]])
    #expect(ring.forgotten == 1)
  }

  @Test("Drops in the file count from its first record") func dropsField() throws {
    var ring = PacketRing(bytes: 99, packets: 10, ageMilliseconds: 1000)
    func add(_ packet: [UInt8]) { ring.append(packet, microseconds: 0, isReceived: true, at: time(0)) }
    let large = [UInt8](repeating: 2, count: 68)
    add(large)
    for packet in [[4], [4], large, large, [4]] { add(packet) }
    #expect(try drops(ring.recording(at: time(0))) == [0, 0, 2])
    add([4])
    add(large)
    add([4])
    #expect(try drops(ring.recording(at: time(0))) == [0, 0, 1])
    #expect(ring.dropped == 4)
  }

  @Test("What is older than its time is gone, whether or not packets come") func age() throws {
    var ring = PacketRing(bytes: 1000, packets: 10, ageMilliseconds: 30_000)
    for at: Int64 in [0, 10_000] { ring.append([4], microseconds: at, isReceived: true, at: time(at)) }
    #expect(ring.recording(at: time(30_000)).packets == 2)
    #expect(try records(ring.recording(at: time(30_001))).map(\.microseconds) == [10_000])
    ring.append([4], microseconds: 50_000, isReceived: true, at: time(50_000))
    #expect(ring.count == 1)
    #expect(ring.recording(at: time(.max)).packets == 0)
    #expect(ring.forgotten == 3 && ring.usedBytes == 0)
  }

  @Test("A ring without room drops everything", arguments: [(0, 10), (-1, 10), (32, 10), (1000, 0), (1000, -1)])
  func none(bytes: Int, packets: Int) {
    var ring = PacketRing(bytes: bytes, packets: packets, ageMilliseconds: 1000)
    for _ in 0..<3 { ring.append([4], microseconds: 0, isReceived: true, at: time(0)) }
    #expect(ring.recording(at: time(0)).packets == 0 && ring.dropped == 3)
  }

  @Test("What was forgotten leaves no bytes behind") func erased() {
    var ring = PacketRing(bytes: 200, packets: 10, ageMilliseconds: 10)
    for step: Int64 in 0..<7 {
      ring.append([UInt8](repeating: 0xAB, count: 40), microseconds: 0, isReceived: true, at: time(step))
    }
    _ = ring.recording(at: time(1000))
    ring.append([4], microseconds: 0, isReceived: true, at: time(1000))
    let bytes = Mirror(reflecting: ring).children.compactMap { $0.value as? [UInt8] }
    #expect(bytes.count == 2 && bytes.allSatisfy { !$0.contains(0xAB) })
  }
}
