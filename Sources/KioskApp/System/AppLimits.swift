// SPDX-License-Identifier: GPL-3.0-or-later

/// Every bound of the edges, and what happens at it.
enum AppLimits {
  /// Batches of packets between the radio's thread and the core. At the limit the thread stops reading and the
  /// kernel's buffer fills: nothing is lost before that is full.
  static let packetBatches = 8
  /// Packets of one batch.
  static let packetsABatch = 64
  /// Bytes waiting to be sent to the controller. At the limit it counts as congested and is opened anew.
  static let outboxBytes = 65_536
  /// Longest time to reach a controller's socket.
  static let connectMilliseconds: Int32 = 5000
  /// Longest time a client of the control socket may take to ask.
  static let controlMilliseconds = 1000
  /// Longest question on the control socket, bytes.
  static let controlBytes = 256
  /// Largest configuration file, bytes.
  static let configurationBytes = 1 << 20
  /// Largest recording read into memory, bytes.
  static let recordingBytes = 4 << 30
}
