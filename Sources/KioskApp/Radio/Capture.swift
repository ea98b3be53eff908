// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import Synchronization
import Tracer

/// Where the packets of both directions are noted: in the ring always, in a file if a technician asked for one.
final class Capture: Sendable {
  private let ring = Mutex(
    PacketRing(
      bytes: AppLimits.captureRingBytes, packets: AppLimits.captureRingPackets,
      ageMilliseconds: AppLimits.captureRingMilliseconds))
  private let file = Mutex<CaptureFile?>(nil)

  /// Packets go into this file, too, from now on.
  func begin(_ file: CaptureFile) { self.file.withLock { $0 = file } }

  /// Called from the radio's thread and the core's. The times are read under the lock: records come in their order.
  func note(_ packets: [[UInt8]], isReceived: Bool) {
    ring.withLock { ring in
      let microseconds = SystemClock.utcMicroseconds()
      let time = SystemClock.monotonic()
      let file = file.withLock { $0 }
      for packet in packets {
        ring.append(packet, microseconds: microseconds, isReceived: isReceived, at: time)
        file?.append(packet, microseconds: microseconds, isReceived: isReceived)
      }
    }
  }

  /// What the ring holds. It is put together from a copy, 8 ms for 27,000 packets on a PC: the radio does not wait.
  func recording() -> PacketRing.Recording {
    var copy = ring.withLock { $0 }
    return copy.recording(at: SystemClock.monotonic())
  }

  /// Ends the file, if there is one. Blocks, but not for ever.
  func close() { file.withLock { $0 }?.close() }
}

/// What stands before the btsnoop file in the answer to `ControlRequest.capture`, as JSON in one line.
struct CaptureAnswer: Codable, Equatable {
  var bytes: Int
  var packets: Int
  var forgotten: Int
  var dropped: Int

  init(_ recording: PacketRing.Recording) {
    bytes = recording.file.count
    packets = recording.packets
    forgotten = recording.forgotten
    dropped = recording.dropped
  }

  func bytes(with file: [UInt8]) -> [UInt8] {
    guard let line = try? JSONEncoder().encode(self) else { return [] }
    return Array(line) + [UInt8(ascii: "\n")] + file
  }

  /// Takes an answer apart; nil when it is none, or not whole.
  static func parse(_ answer: [UInt8]) -> (CaptureAnswer, file: [UInt8])? {
    guard let end = answer.firstIndex(of: UInt8(ascii: "\n")),
      let head = try? JSONDecoder().decode(Self.self, from: Data(answer[..<end])),
      head.bytes == answer.count - end - 1
    else { return nil }
    return (head, Array(answer[(end + 1)...]))
  }
}
