// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Dispatch
import KioskCore
import Synchronization
import Tracer

/// For developers: one step of `AdapterRecovery` on an adapter that no kiosk holds.
struct RecoverCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover", abstract: "Recover the adapter in one step, as the kiosk would.", shouldDisplay: false)

  enum Step: String, ExpressibleByArgument, CaseIterable {
    case powerCycle = "power-cycle"
    case rebind
    case reboot
  }

  @OptionGroup var options: SettingsOptions

  @Option(help: "Which adapter, instead of the configuration's.")
  var radio: String?

  @Argument(help: "power-cycle, rebind or reboot.")
  var step: Step

  func run() throws {
    let radio = try radio ?? options.settings().radio
    let recovery: AdapterRecovery?
    do {
      recovery = AdapterRecovery(try RadioAddress(parsing: radio))
    } catch {
      throw Exit.failure(error)
    }
    guard let recovery else { throw Exit.failure("only an adapter of this machine (hci:…) can be recovered") }
    let step: RecoveryStep =
      switch step {
      case .powerCycle: .powerCycle
      case .rebind: .rebind
      case .reboot: .reboot
      }
    let result = Mutex<Result<Void, TransportFault>?>(nil)
    let done = DispatchSemaphore(value: 0)
    recovery.perform(step) { end in
      result.withLock { $0 = end }
      done.signal()
    }
    done.wait()
    guard case .failure(let fault) = result.withLock({ $0 }) else {
      print("\(step.rawValue) done")
      return
    }
    throw Exit.failure(
      AdapterRecovery.words(step, fault), code: fault == .notAllowed ? Exit.notAllowed : ExitCode.failure.rawValue)
  }
}
