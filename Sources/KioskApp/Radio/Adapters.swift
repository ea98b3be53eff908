// SPDX-License-Identifier: GPL-3.0-or-later

import CBluetooth
import Glibc
import Tracer

/// Which adapter of this machine is meant.
enum AdapterChoice: Equatable, Sendable, CustomStringConvertible {
  /// hciN, whichever adapter the kernel gives that number.
  case index(UInt16)
  /// The adapter with this public address, whatever its number.
  case address(BluetoothAddress)
  /// The adapter at this place of the USB tree, as the kernel names it: `1-1.4` is bus 1, port 1, the hub's port 4.
  case usb(path: String)

  /// nil when `text`, what follows `hci:`, names no adapter.
  init?(parsing text: String) {
    if let index = UInt16(text), index < 0xFFFF {
      self = .index(index)
    } else if text.hasPrefix("usb:"), Self.isUSBPath(text.dropFirst(4)) {
      self = .usb(path: String(text.dropFirst(4)))
    } else if let address = Self.address(text) {
      self = .address(address)
    } else {
      return nil
    }
  }

  /// An adapter's address identifies it, and with it the kiosk: it is not said.
  var description: String {
    switch self {
    case .index(let index): "hci:\(index)"
    case .address: "hci:address"
    case .usb(let path): "hci:usb:\(path)"
    }
  }

  /// All zero is refused: so the kernel shows an adapter whose address it does not know.
  private static func address(_ text: String) -> BluetoothAddress? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 6, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isHexDigit) }) else { return nil }
    guard let bits = UInt64(parts.joined(), radix: 16), bits != 0 else { return nil }
    return BluetoothAddress(bits: bits, isRandom: false)
  }

  /// BUS-PORT[.PORT…], as sysfs writes it: no leading zeros, at most six ports deep.
  /// Source: drivers/usb/core/usb.c (usb_alloc_dev); USB 2.0, 4.1.1 (seven tiers).
  private static func isUSBPath(_ text: Substring) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return false }
    let ports = parts[1].split(separator: ".", omittingEmptySubsequences: false)
    return ports.count <= 6
      && ([parts[0]] + ports).allSatisfy { part in
        guard let number = UInt16(part), number > 0 else { return false }
        return String(number) == part && number < 1000
      }
  }
}

/// The adapters of this machine, as the kernel shows them at the moment of the question. Every call may block.
struct Adapters: Sendable {
  struct Adapter: Sendable {
    var index: UInt16
    /// nil while the kernel does not know it.
    var address: BluetoothAddress?
    var isUp: Bool
  }

  /// What carries an adapter, as its bus knows it: what a driver is unbound from and bound to.
  struct Device: Equatable, Sendable {
    /// `usb` or `serial`.
    var bus: String
    /// A name on that bus, such as `1-1.4:1.0` (a USB interface) or `serial0-0`.
    var name: String
    /// Such as `btusb`.
    var driver: String
  }

  /// Where sysfs is; another folder in tests.
  var sysfs = "/sys"
  var list: @Sendable () -> Result<[Adapter], TransportFault> = Self.ofTheKernel

  /// The adapter's number now. It may be another one each time it is plugged in, so this is asked at every open.
  ///
  /// An adapter has no address (all zero) until the kernel has set it up, a second or two after it appears, and for
  /// ever if it has no public one or its setup failed. The first is cured by asking again, as the host does. The last
  /// cannot be opened either, by whatever name, until its driver is bound anew (`AdapterRecovery.rebind`): powering
  /// it to learn its address would gain nothing. The kernel's management reads the same field, and does not list
  /// adapters that somebody holds, which would then be missing instead of busy.
  /// Source: net/bluetooth/hci_core.c (hci_power_on, HCI_SETUP); mgmt.c (read_index_list).
  func index(of choice: AdapterChoice) -> Result<UInt16, TransportFault> {
    switch choice {
    case .index(let index): .success(index)
    case .address(let address):
      list().flatMap { adapters in
        Self.first(adapters.filter { $0.address == address }.map(\.index))
      }
    case .usb(let path): index(atUSB: path)
    }
  }

  private func index(atUSB path: String) -> Result<UInt16, TransportFault> {
    guard let names = Self.names(in: "\(sysfs)/class/bluetooth") else { return .failure(.noBluetooth) }
    let found = names.compactMap { name -> UInt16? in
      guard let index = Self.index(named: name) else { return nil }
      // An adapter hangs on an interface of its device (`1-1.4:1.0`). Only that tells it from one behind a hub at 1-1.
      let place = Self.target(of: "\(sysfs)/class/bluetooth/\(name)") ?? ""
      return place.split(separator: "/").contains { $0.hasPrefix("\(path):") } ? index : nil
    }
    return Self.first(found)
  }

  private static func first(_ indices: [UInt16]) -> Result<UInt16, TransportFault> {
    indices.min().map { .success($0) } ?? .failure(.notFound)
  }

  /// What carries adapter hciN; nil when it is gone, or carried by something that must not be unbound, such as a
  /// serial port that a program attached (its driver may serve other ports).
  func device(of index: UInt16) -> Device? {
    let device = "\(sysfs)/class/bluetooth/hci\(index)/device"
    guard let bus = Self.target(of: "\(device)/subsystem"), let driver = Self.target(of: "\(device)/driver"),
      let name = Self.target(of: device)
    else { return nil }
    let found = Device(bus: Self.last(of: bus), name: Self.last(of: name), driver: Self.last(of: driver))
    return ["usb", "serial"].contains(found.bus) && found.name != ".." ? found : nil
  }

  /// Writes `device`'s name into a file of its driver: `unbind` or `bind`.
  func tell(_ file: String, of device: Device) -> Result<Void, TransportFault> {
    let fd = open(path(file, of: device), O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { return .failure(TransportFault(errno: errno)) }
    defer { close(fd) }
    // One write: the kernel takes the name from a single one.
    let name = Array(device.name.utf8)
    return write(fd, name, name.count) == name.count ? .success(()) : .failure(TransportFault(errno: errno))
  }

  /// Whether this process may write there.
  func mayTell(_ file: String, of device: Device) -> Result<Void, TransportFault> {
    access(path(file, of: device), W_OK) == 0 ? .success(()) : .failure(TransportFault(errno: errno))
  }

  private func path(_ file: String, of device: Device) -> String {
    "\(sysfs)/bus/\(device.bus)/drivers/\(device.driver)/\(file)"
  }

  private static let ofTheKernel: @Sendable () -> Result<[Adapter], TransportFault> = {
    var found = [kiosk_hci_adapter](repeating: kiosk_hci_adapter(), count: AppLimits.adapters)
    let count = kiosk_hci_adapters(&found, Int32(found.count))
    guard count >= 0 else { return .failure(TransportFault(errno: -count)) }
    return .success(
      found.prefix(Int(count)).map { adapter in
        let bits = withUnsafeBytes(of: adapter.address) { $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } }
        let address = bits == 0 ? nil : BluetoothAddress(bits: bits, isRandom: false)
        return Adapter(index: adapter.index, address: address, isUp: adapter.is_up != 0)
      })
  }

  // MARK: Reading sysfs

  /// nil for `hci0:12`, a connection.
  private static func index(named name: String) -> UInt16? {
    name.hasPrefix("hci") ? UInt16(name.dropFirst(3)) : nil
  }

  private static func names(in folder: String) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      names.append(name)
    }
    return names
  }

  /// Where a symbolic link points, not followed further.
  private static func target(of link: String) -> String? {
    var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(link, &bytes, bytes.count)
    guard count > 0, count < bytes.count else { return nil }
    return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
