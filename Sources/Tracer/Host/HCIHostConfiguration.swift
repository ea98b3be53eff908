// SPDX-License-Identifier: GPL-3.0-or-later

/// How a host drives its controller. Intervals and windows are in units of 0.625 ms.
public struct HCIHostConfiguration: Hashable, Sendable {
  /// 0x0020 to 0x4000. About 100 ms, as the phones send.
  public var advertisingIntervalMin: UInt16 = 0x00A0
  public var advertisingIntervalMax: UInt16 = 0x00B0
  /// 0x0004 to 0x4000. Equal interval and window scan without a pause.
  public var scanInterval: UInt16 = 0x0060
  public var scanWindow: UInt16 = 0x0060
  /// How long a scanner stays on a channel.
  public var scanIntervalMicroseconds: Int64 { Int64(scanInterval) * 625 }
  /// Active scanning asks every advertiser for its scan response. What Bluezone needs is in the advertisement.
  public var scansActively = false
  /// Whether phones that must be asked are asked.
  public var readsIDs = true
  public var reading = ReadScheduler.Configuration()
  public var profile = BluezoneProfile.standard
  /// Connections made at once, as far as the controller goes along.
  public var connectionsAtOnce = 3
  /// A search for a peer listens without a pause: equal interval and window. Units of 0.625 ms.
  public var initiatingInterval: UInt16 = 0x00A0
  /// Longest search for one peer: it blocks every other.
  public var initiatingMilliseconds: Int64 = 3000
  /// Searching gets this share of all time, so that with what is saved up scanning keeps four fifths of every minute.
  public var initiatingShare = 0.16
  /// A controller answers within one second. Source: Core 5.4, vol. 4, part E, 4.4.
  public var commandTimeoutMilliseconds: Int64 = 2000
  /// While there is nothing else to say, a command that changes nothing is sent this often: a controller that still
  /// reports but no longer obeys is found out before the next slot.
  public var aliveCheckMilliseconds: Int64 = 5000
  /// Longest silence of the air that is believed. Even at night some beacon or telephone of the house is heard.
  public var silenceMilliseconds: Int64 = 600_000
  /// A controller that was left in the middle of a packet may swallow the first answers; Reset is given less time, and
  /// tried this often.
  public var resetTimeoutMilliseconds: Int64 = 700
  public var resetAttempts = 2
  public var openTimeoutMilliseconds: Int64 = 10_000
  public var stopTimeoutMilliseconds: Int64 = 2000
  /// Longest wait for a step outside. A power cycle takes 28 s at the most (`AppLimits`).
  public var outsideStepMilliseconds: Int64 = 60_000
  public var recovery = RecoveryLadder.Configuration()

  public init() {}
}
