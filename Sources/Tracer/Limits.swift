// SPDX-License-Identifier: GPL-3.0-or-later

/// Every bound of this module, and what happens at it.
public enum TracerLimits {
  /// Longest HCI ACL payload accepted from a byte stream, bytes. A longer one means that the stream is out of
  /// step: the transport is closed and opened again.
  public static let aclPayloadBytes = 4096
  /// Commands waiting for the controller. The host never queues more than its own start needs; at the limit it
  /// gives the controller up as not answering.
  public static let queuedCommands = 32
  /// Service UUIDs of 16 bits remembered from one advertisement. Further ones are only looked through for
  /// Bluezone's.
  public static let rememberedServices = 4
  /// Longest record of a btsnoop file, bytes. A longer one is refused as a damaged file.
  public static let recordBytes = 65_536
  /// Days a daily key is walked forward from the base key: a century. Further away the clock is wrong.
  public static let chainDays: Int64 = 36_525
}
