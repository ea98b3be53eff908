// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Everything that can be configured; the values here are what an empty file means. How each is written in the file
/// stands in deploy/kiosk.toml.
public struct Settings: Hashable, Sendable {
  /// Where the log, the keys and the control socket live.
  public var dataFolder = "/var/lib/bluezone-kiosk"
  /// `hci:N`, `hci:ADDRESS`, `hci:usb:PATH`, `h4:unix:PATH` or `h4:tcp:HOST:PORT`. May hold the adapter's address: never
  /// logged.
  public var radio = "hci:0"
  public var host = HCIHostConfiguration()
  public var lastResort = LastResort.none
  public var people = People.Settings()
  public var prompt = PromptSettings()
  public var clockTrust = ClockTrust.synchronised
  /// Days a contact is kept, 1 to 30.
  public var contactRetentionDays = 14
  /// Days a visit is kept, 1 to 366.
  public var visitRetentionDays = 180
  /// Slots by which a phone's clock may be off when F0 data is matched, 0 to 8.
  public var f0ToleranceSlots = 1
  public var screen = Screen()
  public var lines = Lines()
  public var inputs = Inputs()

  public init() {}

  /// What may be done about an adapter that a power cycle does not bring back; each includes those before it.
  public enum LastResort: String, Hashable, Sendable, CaseIterable {
    case none, rebind, reboot

    /// The steps it stands for, with the power cycle.
    public var outsideSteps: Set<RecoveryStep> {
      switch self {
      case .none: [.powerCycle]
      case .rebind: [.powerCycle, .rebind]
      case .reboot: [.powerCycle, .rebind, .reboot]
      }
    }
  }

  /// When the wall clock is believed.
  public enum ClockTrust: String, Hashable, Sendable, CaseIterable {
    /// When the kernel says that it is synchronised.
    case synchronised
    /// Always: for machines with a good clock and nobody who sets that flag.
    case always
  }

  public struct Screen: Hashable, Sendable {
    /// `drm`, `drm:CONNECTOR`, `fbdev`, `fbdev:/dev/fbN`, `window`, `png:DIR` or `none`.
    public var display = "none"
    public var size = ScreenSize.fullHD
    public var rotation = ScreenRotation.none
    /// The diagonal of the lit part in inches, 2 to 120; nil asks the screen.
    public var diagonalInches: Double?
    /// The language that comes first.
    public var language = ScreenLanguage.vietnamese
    /// What is said of this kiosk. Days and touch are filled in by `Settings.site`.
    public var site = ScreenState.Site()
    /// Whether the screen can be touched; nil asks the display.
    public var touch: Bool?
    public var pages = PageSettings()
    /// Hours with the dark palette, and how bright it is, percent, 20 to 100.
    public var nightHours: [QuietHours] = [QuietHours(fromMinute: 22 * 60, toMinute: 5 * 60)].compactMap(\.self)
    public var nightBrightness = 60
    /// F0 data older than this many hours is called old, 1 to 720.
    public var staleF0Hours = 48
  }

  /// What the pages say of this kiosk.
  public var site: ScreenState.Site {
    var site = screen.site
    site.contactDays = contactRetentionDays
    site.visitDays = visitRetentionDays
    site.hasTouch = screen.touch ?? false
    return site
  }

  public struct Line: Hashable, Sendable {
    /// By name (`GPIO17`) or chip label and offset (`pinctrl-bcm2711:17`); nil where none is wired.
    public var address: String?
    /// Whether a low level makes the line active, as on many buzzer boards.
    public var activeLow = false

    public init(address: String? = nil, activeLow: Bool = false) {
      self.address = address
      self.activeLow = activeLow
    }
  }

  public struct Lines: Hashable, Sendable {
    public var green = Line()
    public var amber = Line()
    public var buzzer = Line()
    /// Where staff alone can see it.
    public var staff = Line()

    public var isAnyWired: Bool { [green, amber, buzzer, staff].contains { $0.address != nil } }
  }

  public enum Bias: String, Hashable, Sendable, CaseIterable {
    /// The board's own resistors decide.
    case asIs = "as-is"
    case pullUp = "pull-up"
    case pullDown = "pull-down"
  }

  public struct Input: Hashable, Sendable {
    /// By name or chip label and offset, as of a `Line`; nil where none is wired.
    public var address: String?
    /// Whether a low level makes the input active, as of a button between line and ground.
    public var activeLow: Bool
    public var bias: Bias
    /// How long a level must be stable to count, 0 to 1000.
    public var debounceMilliseconds: Int64

    public init(
      address: String? = nil, activeLow: Bool = false, bias: Bias = .asIs, debounceMilliseconds: Int64 = 30
    ) {
      self.address = address
      self.activeLow = activeLow
      self.bias = bias
      self.debounceMilliseconds = debounceMilliseconds
    }
  }

  public struct Inputs: Hashable, Sendable {
    /// A PIR module drives its line by itself, high while it sees somebody.
    public var presence = Input()
    /// Buttons lie between line and ground.
    public var acknowledge = Input(activeLow: true, bias: .pullUp)
    public var language = Input(activeLow: true, bias: .pullUp)
    public var visits = SensorVisits.Settings()
    /// Whether somebody without any phone is prompted too.
    public var presencePrompts = false
  }
}
