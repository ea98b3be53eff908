// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("Questions on the control socket") struct ControlRequestTests {
  @Test(
    "What is written is read again",
    arguments: [
      .status, .begun, .f0Imported, .exposuresSeen, .capture, .calibration, .calibrationEnd,
      .calibrate(seconds: 1, floorDBm: -100), .calibrate(seconds: CoreLimits.calibrationSeconds, floorDBm: -20),
      .peopleAdded(AppLimits.visitsAdded, at: UTCTime(seconds: 1_763_683_200)),
      .peopleTakenBack(3, at: UTCTime(seconds: 1_763_683_200)),
    ] as [ControlRequest])
  func roundTrip(request: ControlRequest) {
    #expect(ControlRequest(rawValue: request.rawValue) == request)
    #expect(request.rawValue.utf8.count < AppLimits.controlBytes)
  }

  @Test(
    "What is not known, or out of bounds, is no question",
    arguments: [
      "", "status ", "dance", "calibrate", "calibrate 90", "calibrate 0 -75", "calibrate 601 -75", "calibrate 90 -101",
      "calibrate 90 -19", "calibrate 90 -75 1", "calibrate x -75", "people-added 0 5", "people-taken-back 0 5",
      "people-taken-back 1", "people-added 1001 5",
    ])
  func refused(text: String) { #expect(ControlRequest(rawValue: text) == nil) }
}
