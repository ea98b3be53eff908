// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import KioskCore
import Simulator
public import Tracer

/// Ids, addresses and advertisements that the tests of the core are made of.
enum CoreSamples {
  /// A UTC midnight: 2025-11-21.
  static let midnight = UTCTime(seconds: 1_763_683_200)

  static func id(_ n: Int) -> BluezoneID {
    let bytes: [UInt8] =
      [0xB1, 0x2E, 0x0E, 0x1D] + (0..<8).map { UInt8(truncatingIfNeeded: n >> (8 * (7 - $0))) }
    guard let id = BluezoneID(bytes) else { preconditionFailure("an id has 12 bytes") }
    return id
  }

  static func address(_ n: Int) -> BluetoothAddress {
    .resolvableForm(random: UInt64(n) &+ 0x0ADD_0000_0000)
  }

  static func key(_ n: Int) -> BluezoneKey {
    let key = BluezoneKey((0..<32).map { UInt8(truncatingIfNeeded: n &* 31 &+ $0 &* 7 &+ 1) })
    guard let key else { preconditionFailure("a key has 32 bytes") }
    return key
  }

  static func facts(_ data: [UInt8]) -> AdvertisingFacts { AdvertisingFacts(data.span, in: 0..<data.count) }

  /// The payloads of each kind of device.
  static let phone: [UInt8] = [2, 0x01, 0x1A, 10, 0xFF, 0x4C, 0x00, 0x10, 0x05, 1, 2, 3, 4, 5]
  static let computer: [UInt8] = [8, 0xFF, 0x06, 0x00, 1, 2, 3, 4, 5]
  static let unknown: [UInt8] = [2, 0x01, 0x06]
  static let iPhoneWithApp: [UInt8] = [17, 0x07] + BluezoneAdvertisement.iosServiceUUID

  static func sighting(
    _ data: [UInt8], from address: Int, rssiDBm: Int8? = -50, isScanResponse: Bool = false
  ) -> Sighting {
    Sighting(
      address: self.address(address), rssiDBm: rssiDBm, isScanResponse: isScanResponse, facts: facts(data))
  }

  static func bluezoner(_ id: Int, from address: Int, rssiDBm: Int8? = -50) -> Sighting {
    sighting(BluezoneAdvertisement.data(for: self.id(id)), from: address, rssiDBm: rssiDBm)
  }

  /// An advertising report as a controller sends it; 127 for a strength that it does not know.
  static func report(
    _ data: [UInt8], from address: BluetoothAddress, rssiDBm: Int8 = -50, eventType: UInt8 = 0
  ) -> [UInt8] {
    let report: [UInt8] =
      [HCIEvent.Code.leAdvertisingReport, 1, eventType, address.isRandom ? 1 : 0] + address.bytes
      + [UInt8(data.count)] + data + [UInt8(bitPattern: rssiDBm)]
    return [HCIPacketType.event.rawValue, HCIEvent.Code.leMeta, UInt8(report.count)] + report
  }
}

extension MonotonicTime: ExpressibleByIntegerLiteral {
  public init(integerLiteral milliseconds: Int64) { self.init(milliseconds: milliseconds) }
}

/// A file beside the tests.
func testVector(_ name: String, file: String = #filePath) throws -> Data {
  let tests = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
  return try Data(contentsOf: tests.appending(path: "Vectors").appending(path: name))
}
