// SPDX-License-Identifier: GPL-3.0-or-later
import Tracer

/// Whole packets that parse, for tests of truncation and damage.
///
/// The advertisements of `recorded` were heard from test phones and computers: "BLE RSSI, Various Static
/// Configurations", MIT Lincoln Laboratory and MITRE, 2020, CC BY 4.0, as LE Advertising Report events.
enum SamplePackets {
  static let id = "d56342c09af6bdddc9e79108"
  /// The Android form with `id`.
  static let androidForm = bytes("020106 0303564e 0fffb522" + id)

  enum Recorded {
    /// An iPhone: flags, TX power, its name, Nearby Info.
    static let nearbyInfo = bytes(
      "043e2a02010001bb2694c042741e 02011a 020a08 0b095465737450686f6e6534 0bff4c001006671e5cfadbd3 bf")
    /// An iPhone that says Handoff and Nearby Info.
    static let handoff = bytes(
      "043e2b02010001a5cb5227f55e1f 02011a 1bff4c000c0e00febaa3780afeb2e191f5d8b0631006501e73a38501 a5")
    /// An iPhone in the middle of a nearby action.
    static let nearbyAction = bytes(
      "043e2b02010001ee3b33f980691f 02011a 0b095465737450686f6e6531 0fff4c000f05a0331d497f1003770eb2 d0")
    /// An iPhone with a 16-bit service.
    static let service = bytes(
      "043e2202010001081b12f9076316 02011a 020a08 03031c18 0b095465737450686f6e6531 d3")
    /// A Windows computer: not connectable.
    static let computer = bytes(
      "043e2b0201030107dabe7e77121f 1eff060001092002dbf9dd0fedaa41fcedb5c755b7dcc5ff8670bc358d30e3 b3")
    /// A scan response without data.
    static let emptyScanResponse = bytes("043e0c02010401bb2694c0427400c5")
  }

  static let recorded = [
    Recorded.nearbyInfo, Recorded.handoff, Recorded.nearbyAction, Recorded.service, Recorded.computer,
    Recorded.emptyScanResponse,
  ]

  static let commandComplete = bytes("040e04 01 030c 00")
  static let commandStatus = bytes("040f04 00 01 0604")
  static let disconnectionComplete = bytes("040504 00 4000 13")
  static let hardwareError = bytes("041001 42")
  static let leConnectionComplete = bytes("043e13 01 00 4000 01 01 c04b43f2a1e5 1800 0000 4800 00")
  /// Two reports in one event.
  static let twoReports = bytes(
    "043e1e 02 02 00 01 010203040506 03 020106 c4 04 00 060504030201 05 04095a5a5a 7f")

  static let events =
    recorded + [
      commandComplete, commandStatus, disconnectionComplete, hardwareError, leConnectionComplete, twoReports,
      androidReport,
    ]
  static let androidReport: [UInt8] = {
    let body = bytes("02 01 00 01 a0b1c2d3e475") + [UInt8(androidForm.count)] + androidForm + [0xC8]
    return [0x04, 0x3E, UInt8(body.count)] + body
  }()
}
