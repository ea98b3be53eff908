// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// What the home page says: the code to install the app, what is around, and how the box itself is.
public struct HomePage: Equatable, Sendable {
  /// What the QR encodes; printed in short form under it. At most 2331 bytes (QR version 40, level M).
  public var installAddress: String
  /// Whether the figures are simulated; the page then says DEMO.
  public var isDemo: Bool
  /// People whose phones were heard in the last 30 s: an estimate.
  public var peopleAround: Int
  /// Of those around, the ones that send a valid Bluezone id.
  public var bluezonersAround: Int
  /// Of those around, the ones whose smoothed signal is over the near threshold.
  public var peopleNear: Int
  /// Of those near, the ones that send a valid Bluezone id.
  public var bluezonersNear: Int
  /// Bluezoners in the whole country, from the feed; `nil` leaves the figure out.
  public var communityTotal: Int?
  /// Whether the box hears anything.
  public var radio: Radio
  /// The time of day.
  public var clock: Clock
  /// Local time of the last F0 data, such as `14:02`; `nil` if none ever came.
  public var lastF0Sync: String?
  /// What is said to whoever is near.
  public var prompt: Prompt
  /// What is said to whoever has touched the button for visitors without a phone; `nil` when nobody has. It comes
  /// before `prompt`, and while it is shown the button does nothing.
  public var checkIn: TouchCheckIn.Shown?
  /// The language that comes first and large. The other one comes second.
  public var language: ScreenLanguage

  /// The radio's state, as a visitor is told.
  public enum Radio: Hashable, Sendable {
    /// Not hearing yet: there are no figures.
    case starting
    /// Hearing: the figures are true.
    case running
    /// Deaf: instead of the figures stands what is wrong, and what is being done about it.
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

  /// The time of day as it is shown; a ticking clock is the page's sign of life.
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

  /// What the page says to whoever is near.
  public enum Prompt: Hashable, Sendable, CaseIterable {
    /// Nobody in particular is near: the page invites everybody.
    case none
    /// A Bluezoner is near: thanks, in green with a tick.
    case welcome
    /// A phone without the app is near: the way to the QR, in amber with an arrow.
    case install
  }

  /// Where the app is found unless the configuration says otherwise.
  public static let defaultInstallAddress = "https://www.bluezone.gov.vn"

  /// A page; by default that of a box which has just started.
  public init(
    installAddress: String = HomePage.defaultInstallAddress, isDemo: Bool = false,
    peopleAround: Int = 0, bluezonersAround: Int = 0, peopleNear: Int = 0, bluezonersNear: Int = 0,
    communityTotal: Int? = nil, radio: Radio = .starting, clock: Clock, lastF0Sync: String? = nil,
    prompt: Prompt = .none, checkIn: TouchCheckIn.Shown? = nil, language: ScreenLanguage = .vietnamese
  ) {
    self.installAddress = installAddress
    self.isDemo = isDemo
    self.peopleAround = peopleAround
    self.bluezonersAround = bluezonersAround
    self.peopleNear = peopleNear
    self.bluezonersNear = bluezonersNear
    self.communityTotal = communityTotal
    self.radio = radio
    self.clock = clock
    self.lastF0Sync = lastF0Sync
    self.prompt = prompt
    self.checkIn = checkIn
    self.language = language
  }

  /// Whether the figures are true: the radio hears, or did until a moment ago.
  var hasFigures: Bool {
    switch radio {
    case .running, .down(_, step: .reset): true
    case .starting, .down: false
    }
  }

  /// The address as it is printed under the QR: without `https://`, and only the host if the rest is long.
  public var shortAddress: String {
    var short = Substring(installAddress)
    for scheme in ["https://", "http://"] where short.lowercased().hasPrefix(scheme) {
      short = short.dropFirst(scheme.count)
      break
    }
    while short.hasSuffix("/") { short = short.dropLast() }
    if short.count > HomePage.longestPrintedAddress,
      let slash = short.firstIndex(where: { "/?#".contains($0) })
    {
      short = short[..<slash]
    }
    return String(short)
  }

  /// The most characters of an address that are worth printing in one line under a QR.
  static let longestPrintedAddress = 32

  /// The page laid out for a screen. Pure: the same page and size give an equal scene.
  public func scene(size: ScreenSize) -> Scene {
    HomePageLayout(page: self, size: size).scene()
  }
}
