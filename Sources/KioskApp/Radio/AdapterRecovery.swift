// SPDX-License-Identifier: GPL-3.0-or-later

import CBluetooth
import Dispatch
import Glibc
import Synchronization
import Tracer

/// The outer rungs of the ladder: what can still be done when an adapter does not come back by being opened again.
///
/// The transport must be closed before a step. The steps block for up to half a minute; `perform` runs them on a queue
/// of their own. When a step is due, and how often, the host decides.
final class AdapterRecovery: Sendable {
  private let choice: AdapterChoice
  private let adapters: Adapters
  private let rebootCommand: [String]
  private let queue = DispatchQueue(label: "radio recovery", qos: .utility)
  /// What last carried the adapter: one that lost its number can be bound anew by it.
  private let lastDevice = Mutex<Adapters.Device?>(nil)

  /// nil for a controller behind a socket: there is nothing to be done about it from here.
  convenience init?(_ address: RadioAddress) {
    guard case .userChannel(let choice) = address else { return nil }
    self.init(choice)
  }

  init(_ choice: AdapterChoice, adapters: Adapters = Adapters(), rebootCommand: [String] = AdapterRecovery.systemctl) {
    self.choice = choice
    self.adapters = adapters
    self.rebootCommand = rebootCommand
  }

  /// To be called while the radio runs: remembers what carries the adapter. Does not block.
  func remember() {
    queue.async { [self] in
      guard case .success(let index) = adapters.index(of: choice) else { return }
      note(adapters.device(of: index))
    }
  }

  /// Does a step on the queue, and tells its end there.
  ///
  /// `reset` and `reopen` are the host's own; they end at once.
  func perform(_ step: RecoveryStep, then tell: @escaping @Sendable (Result<Void, TransportFault>) -> Void) {
    queue.async { [self] in
      let index = adapters.index(of: choice)
      switch step {
      case .powerCycle: tell(index.flatMap(powerCycle))
      case .rebind: tell(rebind((try? index.get()) ?? indexWithoutAddress()))
      case .reboot: tell(reboot())
      case .reset, .reopen: tell(.success(()))
      }
    }
  }

  /// What a fault means at this step, and what to do.
  static func words(_ step: RecoveryStep, _ fault: TransportFault) -> String {
    let reason =
      switch (step, fault) {
      case (.powerCycle, .notAllowed): "not allowed; the service needs CAP_NET_ADMIN"
      case (.powerCycle, .notFound), (.powerCycle, .busy):
        "the kernel does not have it, has not set it up, or somebody holds it; plug it in anew"
      case (.rebind, .notAllowed):
        "not allowed; the service's user must be able to write bind and unbind of the adapter's driver"
      case (.rebind, .notFound): "the adapter was not seen, or hangs on no USB or serial driver; plug it in anew"
      case (.reboot, .notAllowed): "not allowed; install the polkit rule for the service's user"
      case (.reboot, .notFound): "there is no systemctl on this system"
      case (.reboot, .busy):
        "the machine was started less than \(AppLimits.rebootMilliseconds / 60_000) min ago; look at the adapter"
      case (_, .system(ETIMEDOUT)): "it did not end in time"
      default: fault.description
      }
    return "\(step.rawValue) failed: \(reason)"
  }

  // MARK: Power

  /// Powers the adapter off, on and off through the kernel's management, and leaves it down, as the user channel needs
  /// it. Blocks for up to 28 s, if the controller answers nothing; needs CAP_NET_ADMIN.
  ///
  /// The kernel answers `off` before the adapter is down (net/bluetooth/hci_sync.c, hci_dev_close_sync), so this waits
  /// until it is.
  func powerCycle(_ index: UInt16) -> Result<Void, TransportFault> {
    note(adapters.device(of: index))
    let fd = kiosk_mgmt_open()
    guard fd >= 0 else { return .failure(TransportFault(errno: -fd)) }
    defer { close(fd) }
    func power(_ isOn: Bool, _ timeoutMilliseconds: Int64) -> Result<Void, TransportFault> {
      Management.perform(
        Management.setPowered, [isOn ? 1 : 0], adapter: index, over: fd, timeoutMilliseconds: timeoutMilliseconds)
    }
    let off = power(false, AppLimits.powerOffMilliseconds)
    guard case .success = off else { return off }
    usleep(AppLimits.powerPauseMicroseconds)
    let on = power(true, AppLimits.powerOnMilliseconds)
    // Whatever became of it, it is to end down.
    let offAgain = power(false, AppLimits.powerOffMilliseconds)
    guard case .success = on else { return on }
    return offAgain.flatMap { untilDown(index) }
  }

  private func untilDown(_ index: UInt16) -> Result<Void, TransportFault> {
    let end = SystemClock.monotonic().adding(milliseconds: AppLimits.adapterDownMilliseconds)
    while true {
      switch adapters.list() {
      case .failure(let fault): return .failure(fault)
      case .success(let list):
        guard let adapter = list.first(where: { $0.index == index }) else { return .failure(.notFound) }
        if !adapter.isUp { return .success(()) }
      }
      guard SystemClock.monotonic() < end else { return .failure(.busy) }
      usleep(20_000)
    }
  }

  // MARK: Driver

  /// Where an address was asked for: the one adapter that has none, since its setup failed; nil if there are several.
  private func indexWithoutAddress() -> UInt16? {
    guard case .address = choice, case .success(let list) = adapters.list() else { return nil }
    let nameless = list.filter { $0.address == nil }
    return nameless.count == 1 ? nameless.first?.index : nil
  }

  /// Takes the driver from the adapter's USB interface or serial device, and gives it back. The adapter appears anew,
  /// perhaps under another number, and is ready for the user channel once the kernel has set it up, about 2 s later.
  ///
  /// - Parameter index: nil when the adapter has lost its number; then what carried it last is bound.
  /// - Returns: `notAllowed` without root or write permission on the driver's files, and nothing was touched.
  func rebind(_ index: UInt16?) -> Result<Void, TransportFault> {
    note(index.flatMap(adapters.device))
    guard let device = lastDevice.withLock({ $0 }) else { return .failure(.notFound) }
    // Both are asked first: an adapter without a driver would be worse off than before.
    return adapters.mayTell("unbind", of: device).flatMap { adapters.mayTell("bind", of: device) }.flatMap {
      if case .failure(let fault) = adapters.tell("unbind", of: device), fault != .notFound {
        return .failure(fault)
      }
      var result: Result<Void, TransportFault> = .failure(.notFound)
      for _ in 0..<AppLimits.bindAttempts {
        usleep(AppLimits.powerPauseMicroseconds)
        result = adapters.tell("bind", of: device)
        if case .success = result { break }
      }
      return result
    }
  }

  private func note(_ device: Adapters.Device?) {
    if let device { lastDevice.withLock { $0 = device } }
  }

  // MARK: Machine

  /// systemd's own words for logind: reboot, and ask nobody for a password.
  static let systemctl = ["/usr/bin/systemctl", "--no-ask-password", "reboot"]

  /// Asks the system to restart in order. Only for who configured it, as the last resort.
  ///
  /// Through logind, not reboot(2): that would need CAP_SYS_BOOT and cut every other service off in the middle of a
  /// write. This needs no capability, only a polkit rule that allows this one action to the service's user (on a
  /// system without polkit only root may). A machine that has only just started is not started again: this holds
  /// where every count of the program is forgotten.
  ///
  /// - Returns: `busy` within half an hour of the machine's start.
  func reboot() -> Result<Void, TransportFault> {
    reboot(machineHasRunMilliseconds: SystemClock.monotonic().milliseconds(since: MonotonicTime(milliseconds: 0)))
  }

  func reboot(machineHasRunMilliseconds: Int64) -> Result<Void, TransportFault> {
    guard machineHasRunMilliseconds >= AppLimits.rebootMilliseconds else { return .failure(.busy) }
    guard let program = rebootCommand.first else { return .failure(.notFound) }
    var arguments = rebootCommand.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, nil, nil, &arguments, environ)
    guard code == 0 else { return .failure(TransportFault(errno: code)) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
      guard errno == EINTR else { return .failure(TransportFault(errno: errno)) }
    }
    // systemctl tells refusals of every kind by its exit code alone; the usual one is polkit's.
    return status == 0 ? .success(()) : .failure(.notAllowed)
  }
}
