// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("Recovering an adapter") struct AdapterRecoveryTests {
  private let files = "bus/usb/drivers/btusb"

  private func recovery(_ sysfs: SampleSysfs, _ command: [String] = ["/bin/true"]) -> AdapterRecovery {
    AdapterRecovery(.usb(path: "1-1"), adapters: sysfs.adapters, rebootCommand: command)
  }

  private func plugged() throws -> SampleSysfs {
    let sysfs = try SampleSysfs()
    try sysfs.addAdapter("hci0", at: "usb1/1-1/1-1:1.0", bus: "usb", driver: "btusb")
    return sysfs
  }

  @Test("Its driver is taken from the device and given back") func rebinds() throws {
    let sysfs = try plugged()
    #expect(recovery(sysfs).rebind(0).fault == nil)
    #expect(try sysfs.text("\(files)/unbind") == "1-1:1.0" && sysfs.text("\(files)/bind") == "1-1:1.0")
  }

  @Test("One that has lost its number is bound by what carried it") func rebindsWhatIsGone() throws {
    let sysfs = try plugged()
    let recovery = recovery(sysfs)
    recovery.remember()
    let ended = Mutex<TransportFault??>(nil)
    // Behind `remember` on the same queue.
    let fault = DispatchSemaphore(value: 0)
    recovery.perform(.reboot) { _ in fault.signal() }
    fault.wait()
    try sysfs.remove("class/bluetooth/hci0")
    recovery.perform(.rebind) { result in ended.withLock { $0 = .some(result.fault) } }
    #expect(eventually { ended.withLock { $0 } != nil })
    #expect(ended.withLock { $0 } == .some(nil))
    #expect(try sysfs.text("\(files)/bind") == "1-1:1.0")
  }

  @Test(
    "By address, the one adapter whose address is unknown is bound; of several, none",
    arguments: [([.init(0, nil)], nil), ([.init(0, nil), .init(1, nil)], .notFound), ([.init(0, 2)], .notFound)]
      as [([Adapters.Adapter], TransportFault?)])
  func rebindsNameless(list: [Adapters.Adapter], expected: TransportFault?) throws {
    let sysfs = try plugged()
    let choice = AdapterChoice.address(BluetoothAddress(bits: 1, isRandom: false))
    let recovery = AdapterRecovery(choice, adapters: Adapters(sysfs: sysfs.path, list: { .success(list) }))
    let ended = Mutex<TransportFault??>(nil)
    recovery.perform(.rebind) { result in ended.withLock { $0 = .some(result.fault) } }
    #expect(eventually { ended.withLock { $0 } != nil })
    #expect(ended.withLock { $0 } == .some(expected))
  }

  @Test("One never seen cannot be bound") func rebindsNothing() throws {
    #expect(recovery(try SampleSysfs()).rebind(nil).fault == .notFound)
    #expect(recovery(try SampleSysfs()).rebind(0).fault == .notFound)
  }

  @Test("Without permission for both nothing is touched", .enabled(if: geteuid() != 0)) func notAllowed() throws {
    let sysfs = try plugged()
    try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: "\(sysfs.path)/\(files)/bind")
    #expect(recovery(sysfs).rebind(0).fault == .notAllowed)
    #expect(try sysfs.text("\(files)/unbind").isEmpty)
  }

  @Test("The machine is restarted, but not soon after its start, and a refusal is told") func reboots() throws {
    let sysfs = try SampleSysfs()
    let marker = sysfs.path + "/rebooted"
    let recovery = recovery(sysfs, ["/bin/sh", "-c", "echo >\(marker)"])
    let early = AppLimits.rebootMilliseconds - 1
    #expect(recovery.reboot(machineHasRunMilliseconds: early).fault == .busy)
    #expect(!Files.isThere(marker))
    #expect(recovery.reboot(machineHasRunMilliseconds: early + 1).fault == nil)
    #expect(Files.isThere(marker))
    #expect(self.recovery(sysfs, ["/bin/false"]).reboot(machineHasRunMilliseconds: .max).fault == .notAllowed)
    #expect(self.recovery(sysfs, ["/no/such"]).reboot(machineHasRunMilliseconds: .max).fault == .notFound)
  }

  @Test("Each step's fault has words that say the step") func words() {
    let faults: [TransportFault] = [
      .notFound, .busy, .notAllowed, .switchedOff, .noBluetooth, .closed, .system(errno: ETIMEDOUT),
      .system(errno: EIO),
    ]
    for step in RecoveryStep.allCases where step.isOutside {
      for fault in faults { #expect(AdapterRecovery.words(step, fault).hasPrefix("\(step.rawValue) failed: ")) }
    }
  }

  @Test("A controller behind a socket has no steps") func sockets() throws {
    #expect(AdapterRecovery(try RadioAddress(parsing: "h4:unix:/run/x")) == nil)
    #expect(AdapterRecovery(try RadioAddress(parsing: "hci:0")) != nil)
  }
}

@Suite("The kernel's management") struct AdapterManagementTests {
  /// Plays the kernel: answers the first command with these packets.
  private func perform(answers: [[UInt8]]) throws -> (fault: TransportFault?, asked: [UInt8]) {
    var ends: [Int32] = [-1, -1]
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
    for answer in answers { #expect(write(ends[1], answer, answer.count) == answer.count) }
    let result = Management.perform(
      Management.setPowered, [1], adapter: 0x0102, over: ends[0], timeoutMilliseconds: 50)
    var asked = [UInt8](repeating: 0, count: 64)
    let count = read(ends[1], &asked, asked.count)
    close(ends[0])
    close(ends[1])
    return (result.fault, Array(asked.prefix(max(count, 0))))
  }

  private let newSettings: [UInt8] = [6, 0, 2, 1, 4, 0, 1, 0, 0, 0]
  private let complete: [UInt8] = [1, 0, 2, 1, 7, 0, 5, 0, 0, 1, 0, 0, 0]

  private func status(_ code: UInt8) -> [UInt8] { [2, 0, 2, 1, 3, 0, 5, 0, code] }

  @Test("Set Powered goes out as it must, and its end is found among other events") func succeeds() throws {
    let (fault, asked) = try perform(answers: [newSettings, complete])
    #expect(fault == nil)
    #expect(asked == [5, 0, 2, 1, 1, 0, 1])
  }

  @Test("Other adapters' and other commands' ends are not taken for it") func others() throws {
    let otherAdapter: [UInt8] = [2, 0, 3, 1, 3, 0, 5, 0, 0]
    let otherCommand: [UInt8] = [2, 0, 2, 1, 3, 0, 6, 0, 0]
    let wrongLength: [UInt8] = [2, 0, 2, 1, 4, 0, 5, 0, 0]
    let (fault, _) = try perform(answers: [otherAdapter, otherCommand, wrongLength])
    #expect(fault == .system(errno: ETIMEDOUT))
  }

  @Test("Every truncation of an end is none") func truncations() {
    for count in 0..<complete.count {
      #expect(Management.status(of: 5, adapter: 0x0102, in: complete[..<count]) == nil, "\(count)")
    }
    #expect(Management.status(of: 5, adapter: 0x0102, in: complete[...]) == 0)
  }

  @Test(
    "A refusal says why",
    arguments: [
      (0x03, .system(errno: EIO)), (0x08, .system(errno: ETIMEDOUT)), (0x0A, .busy), (0x11, .notFound),
      (0x12, .switchedOff), (0x14, .notAllowed), (0xFF, .system(errno: EIO)),
    ] as [(UInt8, TransportFault)])
  func refusals(code: UInt8, expected: TransportFault) throws {
    #expect(try perform(answers: [status(code)]).fault == expected)
  }
}
