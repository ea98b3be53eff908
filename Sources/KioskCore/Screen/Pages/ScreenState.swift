// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Everything the screen says at one moment, as values: which page, in which language, and what stands on it.
public struct ScreenState: Equatable, Sendable {
  public var page: PageName
  /// What covers the page for a while.
  public var takeover: Takeover?
  /// What is said to whoever has touched the button for people without a phone; it covers all else.
  public var checkIn: TouchCheckIn.Shown?
  /// The language of the page.
  public var language: ScreenLanguage
  /// What the settings say of this kiosk.
  public var site: Site
  /// Whether the figures are simulated; every page then says DEMO.
  public var isDemo: Bool
  /// nil by day; by night percent of the brightest night palette, 20 to 100.
  public var nightBrightness: Int?
  public var figures: Figures
  public var today: Today
  /// Bluezoners in the whole country, from the feed; nil leaves the figure out.
  public var communityTotal: Int?
  /// What the health office has to say; empty unless its page is shown.
  public var notices: [FeedManifest.Notice] = []
  /// Whether the box hears anything.
  public var radio: Radio
  public var clock: Clock
  public var f0: F0Data
  /// Whether a Bluezoner has been noticed a moment ago; said in the strip, whatever the page.
  public var isWelcoming: Bool
  /// Whether something is wrong that visitors do not see, such as a disk: the strip then asks for the staff.
  public var needsStaff = false

  /// A state; by default that of a box which has just started.
  public init(page: PageName = .home, clock: Clock, site: Site = Site()) {
    self.page = page
    self.clock = clock
    self.site = site
    language = .vietnamese
    isDemo = false
    figures = Figures()
    today = Today()
    radio = .starting
    f0 = .never
    isWelcoming = false
  }

  /// What covers a page.
  public enum Takeover: Hashable, Sendable, CaseIterable {
    /// A phone without the app is near: the way to the code.
    case install
    /// A Bluezoner is near: thanks.
    case welcome
    /// Somebody without a phone has been counted.
    case checkedIn
    /// Too many were: the staff count on.
    case turnedAway
  }

  /// What is on top of the page.
  var covering: Takeover? { checkIn.map { $0.answer == .counted ? .checkedIn : .turnedAway } ?? takeover }

  /// The live figures.
  public struct Figures: Hashable, Sendable {
    /// People whose phones were heard in the last 30 s: an estimate.
    public var peopleAround = 0
    /// Of those around, the ones that send a valid Bluezone id.
    public var bluezonersAround = 0
    /// Of those around, the ones whose smoothed signal is over the near threshold.
    public var peopleNear = 0
    /// Of those near, the ones that send a valid Bluezone id.
    public var bluezonersNear = 0

    public init() {}
  }

  /// The visits of the local day so far.
  public struct Today: Hashable, Sendable {
    public struct Hour: Hashable, Sendable {
      public var visits: Int
      public var bluezoners: Int

      public init(visits: Int, bluezoners: Int) {
        self.visits = visits
        self.bluezoners = bluezoners
      }
    }

    /// From midnight on, 24 of them; empty while the day is not known.
    public var hours: [Hour] = []
    public var visits = 0
    /// How far `visits` may be off, to either side.
    public var uncertainty = 0
    public var bluezoners = 0
    /// The hour that is running, 0 to 23.
    public var currentHour: Int?

    public init() {}

    /// Percent of the visits that were Bluezoners'; nil without any visit.
    public var bluezonerPercent: Int? { visits > 0 ? (min(bluezoners, visits) * 100 + visits / 2) / visits : nil }
  }

  /// The radio's state, as a visitor is told.
  public enum Radio: Hashable, Sendable {
    /// Not hearing yet: there are no figures.
    case starting
    /// Hearing: the figures are true.
    case running
    /// Deaf: the page says what is wrong, and what is being done about it.
    case down(Fault, step: RecoveryStep?)
  }

  /// Why the radio is down.
  public enum Fault: Hashable, Sendable, CaseIterable {
    /// There is no Bluetooth adapter.
    case noAdapter
    /// The adapter is switched off (rfkill).
    case switchedOff
    /// The kiosk lacks the permission to use it.
    case notAllowed
    /// It was there, and does not answer any more.
    case notAnswering
  }

  /// The time of day as it is shown; a ticking clock is the screen's sign of life.
  public struct Clock: Hashable, Sendable {
    /// Local time, `14:05:09`.
    public var time: String
    /// Local date, `21/11/2025`. Not shown until the clock is synchronised.
    public var date: String
    /// Whether the time can be believed.
    public var isSynchronised: Bool

    /// A time of day.
    public init(time: String, date: String, isSynchronised: Bool) {
      self.time = time
      self.date = date
      self.isSynchronised = isSynchronised
    }
  }

  /// The data of confirmed cases.
  public enum F0Data: Hashable, Sendable {
    /// None ever came.
    case never
    /// Local time of the last, such as `14:02 21/11`.
    case fresh(String)
    /// The last came longer ago than the settings allow.
    case stale(String)
  }

  /// Whether the figures are true: the radio hears, or did until a moment ago.
  var hasFigures: Bool {
    switch radio {
    case .running, .down(_, step: .reset): true
    case .starting, .down: false
    }
  }
}
