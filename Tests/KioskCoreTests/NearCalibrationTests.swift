// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import KioskCore
import Testing
import Tracer

private typealias Room = PeopleRoom

@Suite("Calibration of the near thresholds")
struct NearCalibrationTests {
  private static let powerless = [UInt8]([2, 0x01, 0x1A, 10, 0xFF, 0x4C, 0x00, 0x10, 0x05, 1, 2, 3, 4, 5])

  private struct Phone {
    var address: UInt64
    var facts: AdvertisingFacts
    var dBm: Int8
    /// Seconds from and to which it sends.
    var from: Int64 = 0
    var to: Int64 = 60
    var periodMilliseconds: Int64 = 100
  }

  private func measured(_ phones: [Phone], floorDBm: Double = NearCalibration.defaultFloorDBm) -> NearCalibration {
    var calibration = NearCalibration(floorDBm: floorDBm)
    for time in stride(from: Int64(0), to: 600_000, by: 10) {
      for phone in phones where time >= phone.from * 1000 && time < phone.to * 1000 {
        guard time % phone.periodMilliseconds == 0 else { continue }
        calibration.hear(
          Sighting(
            address: BluetoothAddress(bits: 0x4000_0000_0000 + phone.address, isRandom: true), rssiDBm: phone.dBm,
            facts: phone.facts),
          at: MonotonicTime(milliseconds: time))
      }
    }
    return calibration
  }

  private let iPhone = CoreSamples.facts(NearCalibrationTests.powerless)

  @Test(
    "The threshold is what nine in ten values at 2 m reach, each phone counting by its time and not by how often it sends"
  )
  func nineInTen() {
    // One in ten of the time the phone is behind the body.
    let turning = [
      Phone(address: 1, facts: iPhone, dBm: -60, to: 110), Phone(address: 2, facts: iPhone, dBm: -70, to: 13),
      Phone(address: 3, facts: iPhone, dBm: -60, to: 110, periodMilliseconds: 10),
    ]
    #expect(measured(turning).thresholdDBm(.ios) == -60)
    #expect(measured(turning).thresholdDBm(.android) == nil)
    var longer = turning
    longer[1].to = 40
    #expect(measured(longer).thresholdDBm(.ios) == -70)
  }

  @Test("Whoever is much weaker than the strongest, below the floor, or only passes by takes no part")
  func onlyTheHeld() {
    let held = Phone(address: 1, facts: Room.androidNearby, dBm: -55)
    let others = [
      Phone(address: 2, facts: Room.androidNearby, dBm: -76),
      Phone(address: 3, facts: Room.androidNearby, dBm: -40, to: 9),
    ]
    let report = measured([held] + others).report
    #expect(report.android.thresholdDBm == -55)
    #expect(report.android.senders == 1 && report.android.leftOut == 2)
    #expect(report.strongest.map(\.medianDBm) == [-40, -55, -76])
    #expect(report.strongest.map(\.isHeld) == [false, true, false])
    let weaker = Phone(address: 2, facts: Room.androidNearby, dBm: -74)
    #expect(measured([held, weaker]).thresholdDBm(.android) == -74)
    #expect(measured([held, weaker], floorDBm: -70).thresholdDBm(.android) == -55)
  }

  @Test("An address that changes does not end a phone's share, and a computer has none")
  func rotation() {
    let report = measured([
      Phone(address: 1, facts: Room.androidNearby, dBm: -58, to: 20),
      Phone(address: 2, facts: Room.androidNearby, dBm: -58, from: 20, to: 40),
      Phone(address: 3, facts: CoreSamples.facts(CoreSamples.computer), dBm: -50),
    ]).report
    #expect(report.android.thresholdDBm == -58)
    #expect(report.android.senders == 2)
    #expect(report.strongest.count == 2)
  }

  @Test("An iPhone's values are told for the reference power")
  func power() {
    let near = NearRule()
    let told: [UInt8] = [2, 0x0A, UInt8(bitPattern: 12)] + Self.powerless
    #expect(near.iosReferenceTxPowerDBm == 8)
    #expect(measured([Phone(address: 1, facts: CoreSamples.facts(told), dBm: -50)]).thresholdDBm(.ios) == -54)
  }

  @Test("Too few values give no threshold, one more does, and a wild one is kept in bounds")
  func bounds() {
    // The first value comes after half a second.
    let few = Phone(address: 1, facts: Room.androidNearby, dBm: -20, to: 30)
    let calibration = measured([few])
    #expect(calibration.report.android.values == NearCalibration.leastValues - 1)
    #expect(calibration.thresholdDBm(.android) == nil)
    #expect(calibration.report.settingsLines.isEmpty)
    var enough = few
    enough.to = 31
    #expect(measured([enough]).thresholdDBm(.android) == NearCalibration.allowedDBm.upperBound)
  }

  @Test("What was measured makes lines of the settings file; what was not stays as it is")
  func settingsLines() {
    let ios = measured([Phone(address: 1, facts: iPhone, dBm: -60)])
    #expect(ios.report.settingsLines == ["[near]", "ios_dbm = -60", "other_dbm = -72"])
    #expect(ios.rule(NearRule()).androidDBm == NearRule().androidDBm)
    let both = measured([
      Phone(address: 1, facts: iPhone, dBm: -60), Phone(address: 2, facts: Room.androidNearby, dBm: -65),
    ])
    #expect(
      both.report.settingsLines == ["[near]", "android_dbm = -65", "ios_dbm = -60", "other_dbm = -65"])
  }

  @Test("Of a crowd beyond the limit the rest takes no part, and the report says so")
  func crowd() {
    var calibration = NearCalibration()
    for n in 0...CoreLimits.calibrationSenders {
      calibration.hear(
        Sighting(
          address: BluetoothAddress(bits: UInt64(n), isRandom: true), rssiDBm: -60, facts: Room.androidNearby),
        at: 1000)
    }
    #expect(calibration.report.turnedAway == 1)
    #expect(calibration.report.android.leftOut == CoreLimits.calibrationSenders)
  }

  // MARK: By a running kiosk

  @Test("The running kiosk listens for as long as it is asked to, and goes on counting")
  func running() {
    var harness = KioskHarness()
    harness.start()
    harness.handle(.calibrate(seconds: 40, floorDBm: -85))
    for _ in 0..<350 {
      harness.hear(CoreSamples.phone, from: 1, rssiDBm: -60)
      harness.run(for: 100)
    }
    let midway = harness.kiosk.calibrationReport(at: harness.now)
    #expect(midway.isRunning && midway.isHearing && midway.secondsLeft == 5)
    #expect(midway.ios.thresholdDBm == -60)
    #expect(harness.status.peopleAround == 1)
    harness.run(for: 5000)
    for _ in 0..<100 {
      harness.hear(CoreSamples.phone, from: 1, rssiDBm: -30)
      harness.run(for: 100)
    }
    let ended = harness.kiosk.calibrationReport(at: harness.now)
    #expect(!ended.isRunning && ended.secondsLeft == 0)
    #expect(ended.ios == midway.ios, "what comes after the end is not measured")
  }

  @Test("It can be ended sooner, and keeps what it has; a kiosk without radio says that it hears nothing")
  func ended() {
    var harness = KioskHarness()
    #expect(!harness.kiosk.calibrationReport(at: harness.now).isHearing)
    harness.start()
    harness.handle(.calibrate(seconds: 600, floorDBm: -85))
    for _ in 0..<20 {
      harness.hear(CoreSamples.phone, from: 1, rssiDBm: -60)
      harness.run(for: 100)
    }
    harness.handle(.calibrationEnd)
    let report = harness.kiosk.calibrationReport(at: harness.now)
    #expect(!report.isRunning && report.ios.thresholdDBm == nil && report.strongest.count == 1)
  }
}
