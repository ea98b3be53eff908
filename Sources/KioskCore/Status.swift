// SPDX-License-Identifier: GPL-3.0-or-later

/// What `kiosk status` tells: figures and health, nothing that identifies anybody.
public struct Status: Codable, Hashable, Sendable {
  /// People are estimated, Bluezoners included.
  public var peopleAround = 0
  public var bluezonersAround = 0
  public var peopleNear = 0
  public var bluezonersNear = 0
  /// Addresses heard: what a plain count of devices would say.
  public var addressesAround = 0
  public var isDemo = false
  public var radio = Radio()
  public var clockSynchronised = false
  public var clock = Clock()
  public var contacts = Contacts()
  public var visits = Visits()
  public var checkIns = CheckIns()
  /// Contacts with confirmed cases that staff have not looked at.
  public var unseenExposures = 0
  public var lines = Lines()
  public var feed = Feed()
  public var disk = Disk()
  public var display = "none"
  /// Taps on the screen in this run.
  public var touches = 0
  /// That comes first on the screen: vi or en.
  public var language = ScreenLanguage.vietnamese.rawValue
  /// Seconds the kiosk has been running.
  public var uptimeSeconds: Int64 = 0
  /// Filled in by `kiosk status`; nil where the log cannot be read.
  public var audit: Audit?
  /// What is wrong with parts that the core does not see, in words: lines that could not be opened, a display.
  public var problems: [String] = []

  public init() {}

  public struct Radio: Codable, Hashable, Sendable {
    /// closed, opening, starting, running, down, recovering or stopping.
    public var state = "closed"
    public var isAdvertising = false
    public var isScanning = false
    /// Why it is down, in words.
    public var fault: String?
    /// The last thing that went wrong, also when it is running again.
    public var lastFault: String?
    /// What was last done against a fault: reset, reopen, power cycle, rebind or reboot; and why it failed, in words.
    public var lastStep: String?
    public var lastStepFault: String?
    /// How often each was done.
    public var steps: [String: Int] = [:]
    public var reports = 0
    public var malformedPackets = 0
    public var starts = 0
    /// From the last fault until it scanned again, seconds.
    public var lastGapSeconds: Double?
    /// Phones whose id was read over a connection in this run, and what else came of asking.
    public var idsRead = 0
    public var readFailures = 0
    public var withoutBluezone = 0
    /// Phones waiting to be asked, and connections that stand now.
    public var waiting = 0
    public var connections = 0
    /// HCI version number of the controller, nil before it told.
    public var hciVersion: Int?

    enum CodingKeys: String, CodingKey {
      case state, isAdvertising = "advertising", isScanning = "scanning", fault = "reason"
      case lastFault = "last_fault", reports, malformedPackets = "malformed_packets", starts, hciVersion = "hci_version"
      case lastStep = "last_step", lastStepFault = "last_step_fault", steps
      case lastGapSeconds = "last_gap_seconds", idsRead = "ids_read", readFailures = "read_failures"
      case withoutBluezone = "without_bluezone", waiting, connections
    }
  }

  /// What is believed of the clock. The fields of a leap are nil while there is none.
  public struct Clock: Codable, Hashable, Sendable {
    /// The wall clock is called synchronised and contradicts what is known: contacts get their dates later.
    public var isDoubtful = false
    /// Nobody knows yet: the record of earlier runs has not been read.
    public var isWaiting = false
    /// What the kiosk has run in all.
    public var operatingSeconds: Int64 = 0
    /// How far the clock leapt; above 0 is ahead.
    public var leapSeconds: Int64?
    /// How long it has been shown since, and for how long it must be before it is believed.
    public var stoodSeconds: Int64?
    public var neededSeconds: Int64?
    /// What would be deleted if it were believed.
    public var contactsAtStake: Int?
    public var visitsAtStake: Int?

    enum CodingKeys: String, CodingKey {
      case isDoubtful = "doubtful", isWaiting = "waiting", operatingSeconds = "operating_seconds"
      case leapSeconds = "leap_seconds"
      case stoodSeconds = "stood_seconds", neededSeconds = "needed_seconds", contactsAtStake = "contacts_at_stake"
      case visitsAtStake = "visits_at_stake"
    }
  }

  public struct Contacts: Codable, Hashable, Sendable {
    /// Waiting to be written.
    public var pending = 0
    /// Not logged because too many were waiting.
    public var lost = 0
    /// Why the last write failed, in words; nil when it did not.
    public var writeFault: String?
    /// Devices not counted because the table was full.
    public var turnedAway = 0

    enum CodingKeys: String, CodingKey {
      case pending, lost, writeFault = "write_fault", turnedAway = "turned_away"
    }
  }

  /// The data folder. What is wrong with it stands here for as long as it lasts.
  public struct Disk: Codable, Hashable, Sendable {
    public enum State: String, Codable, Hashable, Sendable {
      case opening, works
      /// The log is open, and something could not be written or read; it is tried again.
      case refuses
      /// The log cannot be opened; it is tried again.
      case closed
      /// The log is missing, and a person must decide.
      case waiting
    }

    public enum Identity: String, Codable, Hashable, Sendable {
      case opening, read
      /// It cannot be read; it is tried again. Nothing is advertised.
      case unreadable
      /// It is missing, and a person must decide. Nothing is advertised.
      case waiting
    }

    public var state = State.opening
    /// Why, in words.
    public var reason: String?
    public var identity = Identity.opening
    public var identityReason: String?

    enum CodingKeys: String, CodingKey {
      case state, reason, identity, identityReason = "identity_reason"
    }
  }

  /// Of the local day.
  public struct Visits: Codable, Hashable, Sendable {
    public var today = 0
    /// How far `today` may be off.
    public var plusMinus = 0
    public var bluezoners = 0
    public var withoutApp = 0
    public var withoutPhone = 0
    public var prompted = 0
    public var installedHere = 0
    /// Waiting to be written, not logged because too many were, and why the last write failed.
    public var pending = 0
    public var lost = 0
    public var writeFault: String?

    init() {}

    init(_ figures: VisitTally.Figures) {
      today = figures.visits
      plusMinus = figures.uncertainty
      bluezoners = figures.bluezoners
      withoutApp = figures.withoutApp
      withoutPhone = figures.withoutPhone
      prompted = figures.prompted
      installedHere = figures.installedHere
    }

    enum CodingKeys: String, CodingKey {
      case today, plusMinus = "plus_minus", bluezoners, withoutApp = "without_app", withoutPhone = "without_phone"
      case prompted, installedHere = "installed_here", pending, lost, writeFault = "write_fault"
    }
  }

  /// By touch, of visitors without a phone; they are among the visits.
  public struct CheckIns: Codable, Hashable, Sendable {
    public var lastHour = 0
    public var limitAnHour = CoreLimits.checkInsAnHour
    /// Not counted in this run: too many in an hour.
    public var turnedAway = 0

    enum CodingKeys: String, CodingKey {
      case lastHour = "last_hour", limitAnHour = "limit_an_hour", turnedAway = "turned_away"
    }
  }

  /// The audit log's end.
  public struct Audit: Codable, Hashable, Sendable {
    public var entries: Int64
    /// The last entry's hash, 64 hexadecimal digits.
    public var head: String

    public init(entries: Int64, head: String) {
      self.entries = entries
      self.head = head
    }
  }

  public struct Lines: Codable, Hashable, Sendable {
    public var green = false
    public var amber = false
    public var buzzer = false
    public var staff = false
    /// The outcome that is being shown, through the pauses of its pattern: accepted, no-app, no-phone, or nil.
    public var shows: String?
    /// How much longer the buzzer is muted, seconds; 0: it is not.
    public var mutedSeconds: Int64 = 0
    /// Whether the hour forbids sound.
    public var isQuiet = false
    /// Whether the lines keep their times on a loaded machine: their thread has real-time priority. nil where no line is
    /// wired.
    public var isPunctual: Bool?

    enum CodingKeys: String, CodingKey {
      case green, amber, buzzer, staff, shows, mutedSeconds = "muted_seconds", isQuiet = "quiet"
      case isPunctual = "punctual"
    }
  }

  enum CodingKeys: String, CodingKey {
    case peopleAround = "people_around", bluezonersAround = "bluezoners_around", peopleNear = "people_near"
    case bluezonersNear = "bluezoners_near", addressesAround = "addresses_around"
    case isDemo = "demo", radio, clockSynchronised = "clock_synchronised", clock
    case contacts, visits, checkIns = "check_ins", unseenExposures = "unseen_exposures", lines, feed, disk
    case display, touches, language, uptimeSeconds = "uptime_seconds", audit, problems
  }
}
