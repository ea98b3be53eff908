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
  /// Adapters of this machine among which one is sought by its address. At the limit the others are not seen.
  static let adapters = 64
  /// Longest waits of a power cycle: for the adapter to be off, to be on (the kernel gives Reset alone 10 s), and
  /// to be down after its answer that it is off. After them the step has failed.
  static let powerOffMilliseconds: Int64 = 5000
  static let powerOnMilliseconds: Int64 = 15_000
  static let adapterDownMilliseconds: Int64 = 2000
  /// What an adapter is left without power or driver.
  static let powerPauseMicroseconds: UInt32 = 500_000
  /// How often a driver is offered to a device again. After them the adapter is without until it is plugged in anew.
  static let bindAttempts = 3
  /// A machine is not restarted before it has run for this long, so that a dead adapter costs two restarts an hour.
  static let rebootMilliseconds: Int64 = 30 * 60_000
  /// Longest time a client of the control socket may take to ask.
  static let controlMilliseconds = 1000
  /// Longest question on the control socket, bytes.
  static let controlBytes = 256
  /// Longest answer of one JSON value taken from the control socket, bytes.
  static let answerBytes = 1 << 20
  /// Largest configuration file, bytes.
  static let configurationBytes = 1 << 20
  /// Largest recording read into memory, bytes.
  static let recordingBytes = 4 << 30
  /// The ring of the newest packets, bytes of memory: about a thousand packets a second for its time. At the limit
  /// the oldest go.
  static let captureRingBytes = 2 << 20
  /// Packets in the ring. At the limit the oldest go.
  static let captureRingPackets = 32_768
  /// How long the ring remembers a packet: as long as a silent device counts as around, since no address may be kept
  /// longer (`Presence.Settings.aroundMilliseconds`).
  static let captureRingMilliseconds: Int64 = 30_000
  /// Longest answer taken for the ring's recording, bytes: all of the ring, with room for another version's.
  static let captureAnswerBytes = 64 << 20
  /// Bytes of packets that wait for the disk, and again as many that it is just taking. At the limit packets are
  /// left out of the capture file, and counted in it.
  static let captureQueueBytes = 1 << 20
  /// How often, and each time for how long, the radio's start waits for the capture file to be put on record. After it the
  /// radio starts without.
  static let captureWaits = 60
  static let captureWaitMilliseconds = 50
  /// Largest capture file, bytes. At the limit the capture ends and says so; the kiosk goes on.
  static let captureFileBytes = 512 << 20
  /// F0 entries compared with the log in one walk through it, with 200 bytes each. More take further walks.
  static let entriesMatchedAtOnce = 65_536
  /// Candidates of a search that are looked at together, in one transaction.
  static let candidatesAtOnce = 4096
  /// Log slots that contacts written together may span to be matched with what is held in memory. Wider ones, as when
  /// the clock was put right, take a walk through the entries.
  static let heldSlots: Int64 = 4
  /// Contacts of one pack, 98 kB, and of one transaction that packs. At the limit a slot takes several.
  static let packedContacts = 4096
  /// Damaged packs of the log that are remembered: those of 30 days. At the limit further ones are left out without a word.
  static let damagedPacks = 2880
  /// Bytes of an unsigned F0 file that are in memory at once, and what SQLite keeps of the database meanwhile. The file itself
  /// may be of any size: the disk is its bound.
  static let importChunkBytes = 1 << 18
  static let importCacheBytes = 4 << 20
  /// Entries of it that are written together, with 100 bytes each until then.
  static let entriesAddedAtOnce = 65_536
  /// Entries that one statement looks through to forget those that have ended.
  static let entriesPurgedAtOnce: Int64 = 65_536
  /// Boots whose rows have no date. At the limit the oldest go, with their rows.
  static let boots = 4096
  /// Longest wait for another program that writes to the database, seconds. After it the write has failed.
  static let busySeconds = 5
  /// Free bytes that must be left on the disk after the database was rewritten.
  static let cleanUpSpareBytes: Int64 = 16 << 20
  /// How often emptying the log ahead is tried again while another program reads, and after how many attempts, which is
  /// three hours, it is told.
  static let eraseRetrySeconds = 60
  static let eraseAttempts = 180
  /// Pages of the journal, 2 MiB: 85 minutes of a full hall. At the limit it is emptied into the database; while that
  /// cannot be written either, contacts wait in memory.
  static let journalPages = 512
  /// The journal is emptied into the database once in so many log slots. Emptying it after each slot writes 2 MB more in
  /// an office day of ten hours.
  static let flushSlots: Int64 = 2
  /// How long after the end of the last of these slots that is done: by then all that was heard in it is in the journal.
  static let flushDelayMilliseconds: Int64 = 12_000
  /// When it is tried again, after the database refused.
  static let flushRetryMilliseconds: Int64 = 30_000
  /// Contacts of one slot for whose sake the journal is emptied at once, because an F0 entry held may match them. At the
  /// limit further ones wait for the slot's end.
  static let promptFlushes = 8
  /// Purges, one an hour, that an old page of the journal outlives.
  static let stalePurges = 6
  /// Bytes of an export that are gathered before they are written.
  static let exportChunkBytes = 1 << 18
  /// How often a database that cannot be opened, and work on it that failed, is tried again.
  static let diskRetryMilliseconds = 10_000
  /// Pieces of such work of one kind that wait. At the limit the oldest are not done.
  static let waitingWork = 64
  /// A disk with less room than this, bytes, counts as full: SQLite's index of the log ahead does not fit any more.
  static let fullDiskBytes: UInt = 64 << 10
  /// Attempts to copy a database that changes meanwhile. After them it cannot be read.
  static let copyAttempts = 3
  /// Largest tables of mounts that are read, bytes. Of a longer one nothing is known.
  static let mountTableBytes = 1 << 20
  /// Longest name of an operator, and longest reason, in the audit log. Longer ones are refused.
  static let operatorCharacters = 100
  static let reasonCharacters = 500
  /// People whom one `kiosk log add` counts.
  static let visitsAdded = 1000
  /// How long `kiosk log undo` takes back what was added: a day.
  static let undoSeconds: Int64 = 86_400
  /// Visits, counted back from the newest, that `kiosk log --follow` still waits for. One that ends after so many others
  /// have begun is not shown.
  static let followedVisits: Int64 = 1000
  /// Longest wait for the disk to take the end of a capture, when the kiosk stops. After it the end is lost.
  static let captureCloseMilliseconds = 5000
  /// Boxes that a buffer of the screen is behind by. At the limit they become one that holds all.
  static let damageBoxes = 32
  /// Longest wait for a page flip. After it the mode is set again; at the second in a row, and as many refusals, the
  /// driver is believed not to flip at all.
  static let flipMilliseconds: Int64 = 1000
  static let lostFlips = 2
  /// How often, and after which pause, a flip is tried again that the driver was too busy for.
  static let busyFlips = 5
  static let busyFlipMilliseconds: Int64 = 20
  /// How long a plug takes to make contact.
  static let plugMilliseconds: Int64 = 500
  /// Shortest time between two modes set because of a hotplug; it doubles with each, up to the longest.
  static let plugPauseMilliseconds: Int64 = 1000
  static let longestPlugPauseMilliseconds: Int64 = 60_000
  /// How often a screen is looked for, and one in use looked after.
  static let screenRetryMilliseconds: Int64 = 5000
  static let screenCheckMilliseconds: Int64 = 10_000
  /// How long a new screen may take until it has told which resolution is its own.
  static let youngScreenMilliseconds: Int64 = 60_000
  /// Modes that a driver may refuse before the screen is given up.
  static let refusedModes = 8
  /// How often a framebuffer is copied whole where the kernel's console may write over it.
  static let framebufferMilliseconds: Int64 = 60_000
  /// Longest message of the kernel about a device, bytes. What is longer is cut off.
  static let ueventBytes = 8192
  /// How often touch screens are looked for where the kernel does not tell of them.
  static let touchRetryMilliseconds: Int64 = 10_000
  /// After these pauses they are looked for once more: their device gets its rights after the kernel has told of it.
  static let touchSettleMilliseconds: [Int64] = [300, 2000, 10_000]
  /// Touch screens read at once. At the limit further ones are not read.
  static let touchScreens = 8
  /// Events of a touch screen that one read takes.
  static let touchEvents = 64
  /// Longest wait for the screen to be handed back, when the kiosk stops.
  static let screenCloseMilliseconds = 3000
  /// Longest wait for a connection to the feed's server, and for its manifest, seconds. After it the round has failed.
  static let feedConnectSeconds = 15
  static let feedManifestSeconds = 120
  /// A server that sends less in `feed.stall_seconds` has stalled.
  static let feedStallBytesPerSecond = 50
  /// Redirects that are followed within the feed's server. At the limit the round has failed.
  static let feedRedirects = 3
  /// Bytes of all header fields of an answer. At the limit the round has failed.
  static let feedHeadBytes = 64 << 10
  /// Longest ETag or date that is kept. A longer one counts as none: the file is fetched whole.
  static let feedValidatorBytes = 256
  /// Longest wait for a round that another process runs, as `kiosk f0 sync` shows it, seconds.
  static let feedWaitSeconds = 3600
  /// Longest wait, before a damaged database is repaired, for those that have it open. After it, it is tried again later.
  static let salvageLockMilliseconds = 5000
  /// Numbers that are left out after the highest that was found where it is lost which were given.
  static let salvagedNumbersSkipped: Int64 = 1000
  /// Files that a repair names as to be imported again; of more it tells the number.
  static let lostImportsTold = 8
  /// Pages that are looked at to tell a database whose beginning has rotted from a file of another kind.
  static let foreignPagesLooked: UInt32 = 256
  /// Hours of local time at which the database is looked through.
  static let quickCheckNight = 1..<5
  /// Shortest time between two repairs of a running kiosk: a card that rots faster is beyond help. What cannot be read is
  /// left out meanwhile.
  static let salvagePauseMilliseconds: Int64 = 3_600_000
  /// A repair that could not be made, for instance while a command reads, is tried again after this.
  static let salvageRetrySeconds = 60
}
