// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing
import Tracer

@testable import KioskApp

/// A sysfs of a test's own, with links as the kernel makes them.
final class SampleSysfs: Sendable {
  private let folder: Folder
  var path: String { folder.path }

  init() throws {
    folder = try Folder()
    try make("class/bluetooth")
  }

  private func make(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(atPath: path + "/" + name, withDestinationPath: target)
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: path + "/" + name) }

  /// `place`: the folder of what carries it, below `devices`.
  func addAdapter(_ name: String, at place: String, bus: String?, driver: String?) throws {
    let carrier = try #require(place.split(separator: "/").last.map(String.init))
    let adapter = "devices/\(place)/bluetooth/\(name)"
    try make(adapter)
    try link("class/bluetooth/\(name)", to: "../../\(adapter)")
    try link("\(adapter)/device", to: "../../../\(carrier)")
    let up = String(repeating: "../", count: place.split(separator: "/").count + 1)
    guard let bus else { return }
    try? link("devices/\(place)/subsystem", to: "\(up)bus/\(bus)")
    guard let driver else { return }
    try? link("devices/\(place)/driver", to: "\(up)bus/\(bus)/drivers/\(driver)")
    try make("bus/\(bus)/drivers/\(driver)")
    for file in ["bind", "unbind"] { try set("bus/\(bus)/drivers/\(driver)/\(file)", "") }
  }

  func set(_ name: String, _ text: String) throws {
    try text.write(toFile: path + "/" + name, atomically: false, encoding: .utf8)
  }

  func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

  var adapters: Adapters { Adapters(sysfs: path, list: { .success([]) }) }
}

extension Adapters.Adapter {
  init(_ index: UInt16, _ bits: UInt64?, isUp: Bool = false) {
    self.init(index: index, address: bits.map { BluetoothAddress(bits: $0, isRandom: false) }, isUp: isUp)
  }
}

extension Result where Failure == TransportFault {
  var fault: TransportFault? { if case .failure(let fault) = self { fault } else { nil } }
}
