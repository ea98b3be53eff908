// SPDX-License-Identifier: GPL-3.0-or-later

/// Every bound of this module, and what happens at it.
public enum CoreLimits {
  /// Devices kept at once. At the limit newcomers are not counted, and the status says so.
  public static let devices = 4096
  /// Tracks of which every two are compared once a second. At the limit the weakest are left out: a phone of theirs that
  /// sends under two addresses counts twice.
  public static let joinedTracks = 128
  /// Pairs of tracks of which it is kept how alike they were heard on the same channels. At the limit new pairs are judged
  /// without.
  public static let pairs = 8192
  /// Persons with the app, and without it, of whom it is reckoned once a second whether the one could be the other. At the
  /// limit the weakest are left out: those without the app are not prompted then.
  public static let matchedPersons = 64
  /// Tracks that began lately and are compared with what fell silent, all at once. At the limit the weakest wait until
  /// others are linked, and count as newcomers if that takes too long.
  public static let linkedTracks = 64
  /// Tracks that a new one may continue. At the limit those that fit least are left out.
  public static let predecessors = 16
  /// For as long a disk may hold up a batch of visits that was handed over, while later ones end. Milliseconds.
  static let endedVisitMilliseconds: Int64 = 600_000
  /// Visits waiting for the disk. At the limit new ones are not logged, and the status says so.
  public static let pendingVisits = 10_000
  /// Visits that have ended of which it is known where they are logged, so that they may be taken back. At the limit the
  /// oldest stand.
  public static let endedVisits = 1024
  /// Hours that a tally of visits holds: 180 days. At the limit further hours are not counted.
  public static let tallyHours = 180 * 24
  /// Contacts held in memory between two writes, or while the disk refuses them. At the limit new ones are not
  /// logged, and the status says so.
  public static let pendingContacts = 20_000
  /// Reports of one contact in a page of the journal, and the highest row of a visit: more was not written by a kiosk.
  static let journalReports = 1 << 32
  static let journalRows: Int64 = 1 << 53
  /// Bytes of the clock's record in a page of the journal, and of the boot's id. What is longer is cut off.
  public static let journalClockBytes = 1400
  public static let journalBootCharacters = 64
  /// Longest time from hearing a contact to handing it to the disk, and the shortest between two writes.
  public static let writeIntervalMilliseconds: Int64 = 10_000
  /// Days back for which this node keeps its own keys at least: the health office asks for 14, and its day may have begun
  /// before this node's. Source: docs/bluezone.md.
  public static let ownKeyDays: Int64 = 15
  /// How long contacts stay rows of their own after their slot; then they are packed. What comes later for them is put
  /// right, at the cost of writing their pack anew.
  public static let unpackedMilliseconds: Int64 = 3_600_000
  /// The wall clock was set when it goes ahead of or behind the monotonic one by more than this from one event to the
  /// next. Slewing is slower by far.
  public static let clockStepMilliseconds: UInt64 = 1000
  /// How far a wall clock may be from what is believed and still agree with it.
  public static let clockAgreementMilliseconds: Int64 = 60_000
  /// Running time for which a clock must be shown before anything is deleted by it; no clock has to stand longer before
  /// rows are dated by it, and none less than the second.
  public static let clockStandingMilliseconds: Int64 = 48 * 3_600_000
  public static let clockShortestStandingMilliseconds: Int64 = 10 * 60_000
  /// How far ahead of the log's time a clock may be right after a start without having to stand: the kiosk was off.
  public static let clockNightMilliseconds: Int64 = 86_400_000
  /// Running time after which a line counts as settled: rows of the future are set aside by it, and a base key of a
  /// future day is put right.
  public static let clockSettledMilliseconds: Int64 = 3_600_000
  /// How far later than now a row is one of the future; and how far a wall clock may be behind a signed time.
  public static let clockFutureMilliseconds: Int64 = 3_600_000
  /// One millisecond in so many of running time is what the time of deletion may gain by small corrections (500 ppm).
  public static let clockSlewShare: Int64 = 2000
  /// Clocks that are not believed yet, and lines that were, that are remembered. At the limit the one that stood least
  /// goes, and the two oldest lines become one.
  public static let clockCandidates = 8
  public static let clockLines = 8
  /// Corrections of a wrong clock that are kept for entries on their way to the disk; older ones are done with.
  public static let redatings = 8
  /// Shortest running time between two leaps that log and audit are told of. Others are seen in the status alone.
  public static let clockNewsMilliseconds: Int64 = 3_600_000
  /// Longest running time between two looks that counts for a clock that is shown.
  public static let clockLookMilliseconds: Int64 = 3_600_000
  /// Longest time for which the clock is doubted because the store has not been opened.
  public static let clockWaitMilliseconds: Int64 = 30_000
  /// Running time after which the clock's record is saved at the latest, and between two purges.
  public static let clockSaveMilliseconds: Int64 = 10 * 60_000
  public static let purgeMilliseconds: Int64 = 3_600_000
  /// Longest span of one F0 entry, days. A longer one is refused: no batch looks back further.
  public static let f0EntryDays: Int64 = 60
  /// Entries of one F0 file. A longer file is refused.
  public static let f0Entries = 1_000_000
  /// How deep JSON from outside may be nested. Deeper is refused as no JSON.
  public static let jsonDepth = 64
  /// Bytes of one F0 file.
  public static let f0FileBytes = 256 * 1024 * 1024
  /// A feed's manifest with its signatures, bytes. A larger one is refused; so is what exceeds any of the following.
  public static let feedManifestBytes = 1 << 20
  public static let feedSignatures = 8
  /// Batches that a manifest lists, or withdraws; the bytes and entries of one, and the bytes of all. The publisher cuts
  /// what is larger.
  public static let feedBatches = 2000
  public static let feedBatchBytes = 16 << 20
  public static let feedBatchEntries = 100_000
  public static let feedBytes = 512 << 20
  /// How long a manifest may be valid, days: an attacker who holds back newer ones can hide no more than that.
  public static let feedLifetimeDays: Int64 = 31
  /// How long the publisher lists a batch, days: the time for which the authority asks (14), and a week in which a
  /// kiosk may be without power.
  public static let feedBatchDays: Int64 = 21
  /// Withdrawn batches that the publisher goes on to list, the newest: more than any kiosk is without power for.
  public static let feedWithdrawn = 200
  /// Keys that a manifest lists, or retires.
  public static let feedKeys = 16
  /// Highest version: what a JSON number holds exactly everywhere.
  public static let feedVersion: Int64 = (1 << 53) - 1
  public static let feedRegionCharacters = 16
  public static let feedNotices = 4
  public static let feedNoticeCharacters = 300
  public static let feedCommunityTotal: Int64 = 1_000_000_000
  /// Longest pause in a recording that is counted second by second, a day. A longer one, as when the recording
  /// machine's clock was set right, is left out: the seconds go on after it.
  public static let replayGapSeconds: Int64 = 86_400
  /// Packets of one recording handed to the core between two looks at the clock.
  public static let packetsABatch = 256
  /// Longest calibration of a running kiosk. A longer one ends there.
  public static let calibrationSeconds = 600
  /// Senders of one calibration. At the limit newcomers take no part, and the report says how many.
  public static let calibrationSenders = 256
  /// Values kept of one sender: two a second for the longest calibration. Later ones are not taken.
  public static let calibrationValues = 2 * calibrationSeconds
  /// Senders that a calibration's report tells singly, the strongest.
  public static let calibrationSendersTold = 12
  /// Silence of the core after which no output line stays active.
  public static let heartbeatMilliseconds: Int64 = 5000
  /// Longest time for which a lamp's line, or the buzzer's, is active in one piece. At the limit it is made inactive
  /// for the rest.
  public static let lampOnMilliseconds: Int64 = 60_000
  public static let buzzerOnMilliseconds: Int64 = 2000
  public static let lineRestMilliseconds: Int64 = 1000
  /// A pattern that reaches the lines no later than this after its start is played whole, from then on; one that is
  /// later is played from where it would be.
  public static let lateStartMilliseconds: Int64 = 2000
  /// Longest pattern of the lamp for an outcome, and of the buzzer. A longer one is refused.
  public static let lampPatternMilliseconds: Int64 = 60_000
  public static let beepPatternMilliseconds: Int64 = 3000
  /// Longest mute. A longer one ends there.
  public static let longestMuteMilliseconds: Int64 = 8 * 3_600_000
  /// Quiet times of a day. A longer list is refused.
  public static let quietHours = 8
  /// Edges of one input, and changes that were stable, in a window of `inputWindowMilliseconds`. At either limit the
  /// input is given back for `inputRestMilliseconds`, and the status says so.
  public static let inputEdges = 500
  public static let inputChanges = 40
  public static let inputWindowMilliseconds: Int64 = 10_000
  public static let inputRestMilliseconds: Int64 = 60_000
  /// Fingers that a touch screen tells apart. At the limit further ones are not seen.
  public static let touchSlots = 32
  /// Longest time from down to up that is a tap, the shortest between two, and the share of the panel (1/20, of its width
  /// and of its height) that the finger may move: what goes beyond is no tap.
  public static let longestTapMilliseconds: Int64 = 1500
  public static let tapPauseMilliseconds: Int64 = 80
  public static let tapMovementShare: Int64 = 20
  /// Kinds of pages in the order of the settings, further apps, and bytes of one name or contact that is shown. What is
  /// more is refused.
  public static let pageOrder = 24
  public static let apps = 6
  public static let shownNameBytes = 120
  /// Longest time for which a presence sensor is believed without a pause. After it the visit is closed, and the
  /// sensor counts again once it has been inactive.
  public static let sensorVisitMilliseconds: Int64 = 30 * 60_000
  /// How long a check-in by touch is answered on the screen. Touches in that time count nothing.
  public static let checkInMilliseconds: Int64 = 5000
  /// Check-ins by touch in any hour. Further ones count nothing; screen and status say so.
  public static let checkInsAnHour = 120
  /// Longest row that is salvaged from a damaged database, bytes: several times the longest there is, a feed's manifest. A
  /// longer one is given up.
  public static let salvagedRowBytes = 16 << 20
  /// Most columns of such a row. A row of more is given up.
  public static let salvagedColumns = 64
}
