// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

extension SoftwareController {
  /// What a controller can do. Whatever it cannot, it refuses as a real one does.
  public struct Abilities: Hashable, Sendable {
    /// Connections as central at once.
    public var connections = 3
    /// Connections of others to it at once.
    public var servedConnections = 1
    public var scansWhileInitiating = true
    public var advertisesWhileInitiating = true
    /// Whether it goes on advertising while somebody is connected to it.
    public var advertisesWhileServing = true
    /// Whether it tells its states; one that does not must be tried. Source: Core 5.4, vol. 4, part E, 7.8.27.
    public var tellsStates = true
    /// Whether it knows the extended commands (LE feature bit 12) and reports in extended reports.
    public var isExtended = false
    /// LE_ACL_Data_Packet_Length and Total_Num_LE_ACL_Data_Packets.
    public var dataPacketBytes: UInt16 = 27
    public var dataPackets: UInt8 = 8
    /// By how much its clock is fast, at most 50. Source: Core 5.4, vol. 6, part B, 4.2.1.
    public var clockPartsPerMillion: Int64 = 30

    public init() {}

    /// LE_States. Source: Core 5.4, vol. 4, part E, 7.8.27.
    var states: UInt64 {
      guard tellsStates else { return 0 }
      var states: UInt64 = 0x03FF_FFFF_FFFF
      func clear(_ bits: UInt64...) { for bit in bits { states &= ~(1 << bit) } }
      if !scansWhileInitiating { clear(22, 23) }
      if !advertisesWhileInitiating { clear(16, 17, 32, 33, 34) }
      if connections < 2 { clear(28) }
      return states
    }
  }

  /// How much of its time it scanned, since it was first told to.
  public struct ScanTime: Hashable, Sendable {
    public var elapsedMicroseconds: Int64 = 0
    /// Scanning was off, or the radio looked for a peer to connect to instead.
    public var lostMicroseconds: Int64 = 0

    /// 0 to 1.
    public var share: Double {
      elapsedMicroseconds > 0 ? 1 - Double(lostMicroseconds) / Double(elapsedMicroseconds) : 1
    }

    public static func - (a: Self, b: Self) -> Self {
      Self(
        elapsedMicroseconds: a.elapsedMicroseconds - b.elapsedMicroseconds,
        lostMicroseconds: a.lostMicroseconds - b.lostMicroseconds)
    }
  }

  /// A search for one peer.
  struct Initiation: Hashable, Sendable {
    var peer: BluetoothAddress
    var start: MonotonicTime
    /// Units of 0.625 ms.
    var interval: UInt16
    var window: UInt16
    /// Units of 1.25 ms.
    var connectionInterval: ClosedRange<UInt16>
    var supervisionMilliseconds: Int64

    /// nil for parameters that are not allowed. Source: Core 5.4, vol. 4, part E, 7.8.12 and 7.8.66.
    init?(_ parameters: [UInt8], isExtended: Bool, at now: MonotonicTime) {
      func uint16(_ at: Int) -> UInt16 { UInt16(parameters[at]) | UInt16(parameters[at + 1]) << 8 }
      guard parameters.count == (isExtended ? 26 : 25) else { return nil }
      let (address, scan, connection) = isExtended ? (2, 10, 14) : (5, 0, 13)
      // Only by address, on LE 1M, under the random address: that is all a tracer asks for.
      guard parameters[isExtended ? 0 : 4] == 0, parameters[isExtended ? 1 : 12] == 1 else { return nil }
      guard !isExtended || parameters[9] == 1 else { return nil }
      interval = uint16(scan)
      window = uint16(scan + 2)
      let (least, most) = (uint16(connection), uint16(connection + 2))
      guard (4...0x4000).contains(interval), (4...interval).contains(window), (6...3200).contains(most),
        (6...most).contains(least)
      else { return nil }
      connectionInterval = least...most
      supervisionMilliseconds = Int64(uint16(connection + 6)) * 10
      var bits: UInt64 = 0
      for i in 0..<6 { bits |= UInt64(parameters[address + 1 + i]) << (8 * UInt64(i)) }
      peer = BluetoothAddress(bits: bits, isRandom: parameters[address] & 1 == 1)
      start = now
    }

    /// Whether the radio listens for the peer at `time`.
    func isListening(at time: MonotonicTime) -> Bool { channel(at: time) != nil }

    /// 0, 1 and 2 for the channels 37, 38 and 39; nil between two windows.
    func channel(at time: MonotonicTime) -> Int? {
      var schedule = ScanSchedule(interval: interval, window: window, partsPerMillion: 0)
      schedule.begin(at: start, delayMicroseconds: 0)
      return schedule.channel(at: time)
    }

    /// Microseconds of windows between two times.
    func listening(from: MonotonicTime, to: MonotonicTime) -> Int64 {
      listening(until: to) - listening(until: from)
    }

    private func listening(until time: MonotonicTime) -> Int64 {
      let elapsed = max(time.milliseconds(since: start), 0) * 1000
      let (interval, window) = (Int64(interval) * 625, Int64(window) * 625)
      return elapsed / interval * window + min(elapsed % interval, window)
    }
  }
}
