// SPDX-License-Identifier: GPL-3.0-or-later

/// Every bound of this module, and what happens at it.
public enum CoreLimits {
  /// Devices kept at once. At the limit newcomers are not counted, and the status says so.
  public static let devices = 4096
  /// Addresses known to belong to a Bluezoner. At the limit a scan response of a further one counts as a device of
  /// its own.
  public static let aliases = 4096
  /// Tracks of which every two are compared once a second. At the limit the weakest are left out: a phone of theirs that
  /// sends under two addresses counts twice.
  public static let joinedTracks = 128
  /// Tracks that began lately and are compared with what fell silent. At the limit the weakest count as newcomers.
  public static let linkedTracks = 256
  /// Visits waiting for the disk. At the limit new ones are not logged, and the status says so.
  public static let pendingVisits = 10_000
  /// Hours that a tally of visits holds: 180 days. At the limit further hours are not counted.
  public static let tallyHours = 180 * 24
  /// Contacts held in memory between two writes, or while the disk refuses them. At the limit new ones are not
  /// logged, and the status says so.
  public static let pendingContacts = 20_000
  /// Longest time from hearing a contact to handing it to the disk, and the shortest between two writes.
  public static let writeIntervalMilliseconds: Int64 = 10_000
  /// The wall clock was set when it goes ahead of or behind the monotonic one by more than this from one event to the
  /// next. Slewing is slower by far.
  public static let clockStepMilliseconds: UInt64 = 1000
  /// Longest span of one F0 entry, days. A longer one is refused: no batch looks back further.
  public static let f0EntryDays: Int64 = 60
  /// Entries of one F0 file. A longer file is refused.
  public static let f0Entries = 1_000_000
  /// Bytes of one F0 file.
  public static let f0FileBytes = 256 * 1024 * 1024
  /// Longest pause in a recording that is counted second by second, a day. A longer one, as when the recording
  /// machine's clock was set right, is left out: the seconds go on after it.
  public static let replayGapSeconds: Int64 = 86_400
  /// Packets of one recording handed to the core between two looks at the clock.
  public static let packetsABatch = 256
}
