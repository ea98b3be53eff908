// SPDX-License-Identifier: GPL-3.0-or-later

/// What `kiosk calibrate` has measured so far: strengths and figures, nothing that identifies anybody.
public struct CalibrationReport: Codable, Hashable, Sendable {
  /// Of one platform.
  public struct Figures: Codable, Hashable, Sendable {
    /// Senders that take part, and those that were too weak or too short; a phone may be two.
    public var senders = 0
    public var leftOut = 0
    /// Values of those that take part.
    public var values = 0
    /// nil while there are too few.
    public var thresholdDBm: Int?

    enum CodingKeys: String, CodingKey { case senders, leftOut = "left_out", values, thresholdDBm = "threshold_dbm" }
  }

  public struct Sender: Codable, Hashable, Sendable {
    public var platform: String
    public var medianDBm: Int
    public var values: Int
    /// Whether it takes part.
    public var isHeld: Bool

    enum CodingKeys: String, CodingKey { case platform, medianDBm = "median_dbm", values, isHeld = "held" }
  }

  public var android = Figures()
  public var ios = Figures()
  /// For what does not tell its platform; nil when nothing was measured.
  public var otherDBm: Int?
  /// The strongest first, `CoreLimits.calibrationSendersTold` at most.
  public var strongest: [Sender] = []
  /// Reports of phones beyond `CoreLimits.calibrationSenders`.
  public var turnedAway = 0
  /// Whether it goes on. False for a recording.
  public var isRunning = false
  /// Whether the radio hears.
  public var isHearing = true
  /// Seconds until it ends by itself.
  public var secondsLeft = 0

  public init() {}

  enum CodingKeys: String, CodingKey {
    case android, ios, otherDBm = "other_dbm", strongest, turnedAway = "turned_away", isRunning = "running", isHearing =
      "hearing"
    case secondsLeft = "seconds_left"
  }

  /// The section of the settings file, a line each: only what was measured. Empty when nothing was.
  public var settingsLines: [String] {
    let lines = [("android_dbm", android.thresholdDBm), ("ios_dbm", ios.thresholdDBm), ("other_dbm", otherDBm)]
    let measured = lines.compactMap { name, value in value.map { "\(name) = \($0)" } }
    return measured.isEmpty ? [] : ["[near]"] + measured
  }
}
