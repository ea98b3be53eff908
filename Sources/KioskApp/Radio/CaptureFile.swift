// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import Glibc
import Synchronization
import Tracer

/// A btsnoop file that grows while the kiosk runs, written by a queue of its own.
///
/// Whoever notes a packet never waits: what the disk does not take in time is left out and counted, in the drops of
/// the records after it and at the end. The file is not synchronised to the disk: a power cut costs its last seconds.
final class CaptureFile: Sendable {
  /// How a capture ended.
  struct End: Error, CustomStringConvertible {
    enum Reason: Equatable {
      /// The kiosk stops.
      case closed
      case sizeLimit(bytes: Int)
      case failed(errno: Int32)
      /// At the kiosk's stop the disk took nothing for `AppLimits.captureCloseMilliseconds`.
      case stuck
    }
    var path: String
    var reason: Reason
    /// Handed to the disk. After a failure what was on its way is not in the file.
    var packets: Int
    var dropped: Int

    /// Whether nobody needs to act on it.
    var isExpected: Bool { reason == .closed && dropped == 0 }

    var description: String {
      let count = "\(packets) packets, \(dropped) left out"
      return switch reason {
      case .closed: "capture \(path) ended: \(count)"
      case .sizeLimit(let bytes):
        "capture \(path) ended at its limit of \(bytes >> 20) MiB: \(count); start again with another file for more"
      case .failed(let code): "\(FileError("the capture ended: cannot write", path: path, errno: code))"
      case .stuck: "capture \(path): its end could not be written in time"
      }
    }
  }

  private let path: String
  private let descriptor: Int32
  private let sizeLimit: Int
  private let queueLimit: Int
  private let onEnd: @Sendable (End) -> Void
  private let queue = DispatchQueue(label: "capture", qos: .utility)
  private let state: Mutex<State>

  private struct State {
    /// Whole records, for the queue to write next.
    var pending = BtsnoopWriter.fileHeader
    /// Whether the queue has been told of `pending`.
    var isDraining = false
    /// Of the file once everything pending is in it.
    var bytes = BtsnoopWriter.fileHeader.count
    /// Of the file that the system has taken.
    var written = 0
    var packets = 0
    var dropped = 0
    /// Why nothing more is taken.
    var end: End.Reason?
    /// Whether the end was told.
    var isTold = false
  }

  /// Makes the file, mode 0600.
  ///
  /// - Parameter onEnd: called once, on the queue of the file or in `close`.
  convenience init(path: String, onEnd: @escaping @Sendable (End) -> Void) throws(FileError) {
    self.init(descriptor: try Files.openNew(path), path: path, onEnd: onEnd)
  }

  /// Takes the descriptor over, and closes it at the end.
  init(
    descriptor: Int32, path: String, sizeLimit: Int = AppLimits.captureFileBytes,
    queueLimit: Int = AppLimits.captureQueueBytes, onEnd: @escaping @Sendable (End) -> Void
  ) {
    self.path = path
    self.descriptor = descriptor
    self.sizeLimit = sizeLimit
    self.queueLimit = queueLimit
    self.onEnd = onEnd
    state = Mutex(State())
    state.withLock { wake(&$0) }
  }

  /// Notes one whole packet with its H4 indicator. Times must not go back but with the wall clock.
  func append(_ packet: [UInt8], microseconds: Int64, isReceived: Bool) {
    state.withLock { state in
      guard state.end == nil else { return }
      let size = BtsnoopWriter.recordHeaderBytes + packet.count
      guard BtsnoopWriter.takes(packet), state.pending.count + size <= queueLimit else {
        state.dropped += 1
        return
      }
      guard state.bytes + size <= sizeLimit else {
        state.end = .sizeLimit(bytes: sizeLimit)
        wake(&state)
        return
      }
      guard
        BtsnoopWriter.append(
          packet, microseconds: microseconds, isReceived: isReceived, drops: UInt32(clamping: state.dropped),
          to: &state.pending)
      else { return }
      state.bytes += size
      state.packets += 1
      wake(&state)
    }
  }

  /// Ends the file once the disk has taken what waits, and waits for that, but not for ever.
  func close(waitingMilliseconds: Int = AppLimits.captureCloseMilliseconds) {
    state.withLock { state in
      state.end = state.end ?? .closed
      wake(&state)
    }
    let isWritten = DispatchSemaphore(value: 0)
    queue.async { isWritten.signal() }
    if isWritten.wait(timeout: .now() + .milliseconds(waitingMilliseconds)) == .timedOut {
      tell(.stuck)
    }
  }

  private func wake(_ state: inout State) {
    guard !state.isDraining else { return }
    state.isDraining = true
    queue.async { self.drain() }
  }

  /// Runs on the queue. Once ended, `isDraining` stays, so that nothing wakes the queue again.
  private func drain() {
    while true {
      let (chunk, end) = state.withLock { state in
        defer { state.pending = [] }
        state.isDraining = !state.pending.isEmpty || state.end != nil
        return (state.pending, state.end)
      }
      guard !chunk.isEmpty else {
        if let end { finish(end) }
        return
      }
      let code = Files.writeAll(descriptor, chunk)
      guard code == 0 else {
        // A part of a record would make the whole file look damaged.
        ftruncate(descriptor, off_t(state.withLock { $0.written }))
        return finish(.failed(errno: code))
      }
      state.withLock { $0.written += chunk.count }
    }
  }

  /// Runs on the queue, once.
  private func finish(_ reason: End.Reason) {
    state.withLock { $0.end = reason }
    Glibc.close(descriptor)
    tell(reason)
  }

  private func tell(_ reason: End.Reason) {
    let end: End? = state.withLock { state in
      guard !state.isTold else { return nil }
      state.isTold = true
      return End(path: path, reason: reason, packets: state.packets, dropped: state.dropped)
    }
    if let end { onEnd(end) }
  }
}
