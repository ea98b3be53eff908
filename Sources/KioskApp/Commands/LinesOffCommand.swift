// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore

/// For the service's ExecStopPost: whatever ended the kiosk, its lines are inactive afterwards. Some kernels leave a
/// line as it was last driven when its process dies.
struct LinesOffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lines-off", abstract: "Make every output line inactive.", shouldDisplay: false)

  @OptionGroup var options: SettingsOptions

  func run() throws {
    let wiring: OutputLines.Wiring
    do {
      wiring = try OutputLines.Wiring(try options.settings().lines)
    } catch let error as LineAddressError {
      throw Exit.failure(error)
    }
    // Opening makes them inactive; closing gives them back as they are.
    let lines = OutputLines(wiring)
    let faults = lines.faults
    lines.close()
    for fault in faults { Exit.message("kiosk: \(fault)") }
    if !faults.isEmpty { throw ExitCode.failure }
  }
}
