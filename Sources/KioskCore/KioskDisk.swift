// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// How the disk serves the kiosk, as the edge tells it: each change once, in words for people.
public struct DiskState: Hashable, Sendable {
  /// What the kiosk waits for, if anything.
  public enum Wait: Hashable, Sendable {
    /// Not tried yet.
    case opening
    /// Tried again by itself.
    case disk(reason: String)
    /// Goes on when a person has decided.
    case person(reason: String)

    public var reason: String? {
      switch self {
      case .opening: nil
      case .disk(let reason), .person(let reason): reason
      }
    }
  }

  /// nil: the log is open.
  public var log: Wait? = .opening
  /// nil: this node's own key was read.
  public var identity: Wait? = .opening
  /// What fails beside, such as the lock of the data folder or the control socket.
  public var fault: String?

  public init() {}
}

extension Kiosk {
  /// Work on the disk that the kiosk does of itself, beside writing what it hears.
  public enum DiskWork: Hashable, Sendable, CaseIterable {
    /// In the order in which it is done where several wait: rows are dated again before others are dated by the same clock.
    case readingClock, savingClock, readingLog, redating, settingAside, dating, recordingLeap, purging, purgingUndated
    case forgettingKeys, datingKey, recordingSettings, erasing, packing, readingExposures, matching

    /// Whether each piece of it is to be done, not the latest alone.
    public var addsUp: Bool {
      switch self {
      case .redating, .settingAside, .recordingLeap: true
      default: false
      }
    }

    public var words: String {
      switch self {
      case .readingClock: "reading what was known of the clock"
      case .savingClock: "keeping what is known of the clock"
      case .redating: "dating what a wrong clock had dated"
      case .settingAside: "setting aside what a wrong clock had dated"
      case .recordingLeap: "putting a leap of the clock on record"
      case .forgettingKeys: "forgetting own keys of days that are over"
      case .datingKey: "giving this node's key its right day"
      case .recordingSettings: "putting the settings on record"
      case .erasing: "erasing what was purged"
      case .purgingUndated: "purging what is old and has no date"
      case .readingLog: "reading the entry log"
      case .dating: "dating what was heard before the clock was right"
      case .purging: "purging what is old"
      case .packing: "packing the contact log"
      case .readingExposures: "reading the exposures"
      case .matching: "comparing F0 data with the log"
      }
    }
  }

  /// Finds why something is not written or read that should be. Kept, since it is asked for with every packet.
  mutating func findDiskFault() {
    if let reason = disk.log?.reason ?? writeFault ?? visitWriteFault {
      diskFault = reason
    } else if let work = DiskWork.allCases.first(where: { diskWorkFaults[$0] != nil }) {
      diskFault = "\(work.words): \(diskWorkFaults[work] ?? "")"
    } else {
      diskFault = disk.fault
    }
    hasDiskFault = diskFault != nil || disk.identity?.reason != nil
  }

  /// What was refused before the log was opened says nothing of it: the ledgers offer it within 10 s.
  mutating func hear(_ state: DiskState) {
    if disk.log != nil, state.log == nil {
      writeFault = nil
      visitWriteFault = nil
    }
    disk = state
  }

  func diskStatus() -> Status.Disk {
    var status = Status.Disk()
    let reason = diskFault
    status.state =
      switch disk.log {
      case .opening: .opening
      case .disk: .closed
      case .person: .waiting
      case nil: reason == nil ? .works : .refuses
      }
    status.reason = reason
    status.identity =
      switch disk.identity {
      case _ where identity != nil: .read
      case .person: .waiting
      case .disk: .unreadable
      case .opening, nil: .opening
      }
    status.identityReason = identity == nil ? disk.identity?.reason : nil
    return status
  }

  /// This node's own key has been read: it is sent from now on, under another address.
  mutating func read(_ identity: BluezoneIdentity) {
    if let known = self.identity, known.baseKey == identity.baseKey, known.baseDay == identity.baseDay { return }
    self.identity = identity
    sentSlot = nil
  }
}
