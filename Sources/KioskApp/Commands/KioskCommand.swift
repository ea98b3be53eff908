// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import CLinux
import Glibc

@main
struct KioskCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kiosk",
    abstract: "Bluezone at the door: hears, counts, prompts, logs and matches.",
    version: "0.1.0",
    subcommands: [
      RunCommand.self, StatusCommand.self, LogCommand.self, HistoryCommand.self, F0Command.self, ExposuresCommand.self,
      ExportCommand.self, IdentityCommand.self, BeginCommand.self, AuditCommand.self, FeedCommand.self, IDsCommand.self,
      CalibrateCommand.self, ReplayCommand.self, CaptureCommand.self, RenderCommand.self, ScreenCommand.self,
      RecoverCommand.self, LinesOffCommand.self, LinesLatencyCommand.self, ScreenSpeedCommand.self,
    ])

  static func main() async {
    // Before any key or contact is read. Where the system refuses, a command works all the same.
    _ = kiosk_keep_memory_secret()
    await main(nil)
  }
}

/// How a command ends when it cannot do its work: words to stderr, and a code that scripts can tell apart.
enum Exit {
  /// Source: sysexits.h.
  static let usage: Int32 = 64
  static let notRunning: Int32 = 69
  static let notAllowed: Int32 = 77

  /// Prints the words and gives what to throw.
  static func failure(_ error: any Error) -> ExitCode {
    if case .notADatabase(let path) = error as? StoreError {
      // The running kiosk repairs it sooner when it hears of it.
      _ = try? ControlSocket.ask(.databaseDamaged, dataFolder: Files.folder(of: path))
    }
    return failure("\(error)", code: isNotAllowed(error) ? notAllowed : 1)
  }

  /// Whether the cause is that this user may not do it.
  private static func isNotAllowed(_ error: any Error) -> Bool {
    switch error {
    case let error as FileError: error.isNotAllowed
    case let error as StoreError: if case .notAllowed = error { true } else { false }
    case FeedFault.file(let error): isNotAllowed(error)
    case FeedFault.store(let error): isNotAllowed(error)
    default: false
    }
  }

  static func failure(_ words: String, code: Int32 = 1) -> ExitCode {
    message("kiosk: \(words)")
    return ExitCode(code)
  }

  /// What of the contact log could not be read, if anything.
  static func tell(_ damage: String?) {
    if let damage { message("kiosk: \(damage)") }
  }

  /// Messages go to stderr, data to stdout.
  static func message(_ words: String) {
    let line = words + "\n"
    line.withCString { _ = write(STDERR_FILENO, $0, strlen($0)) }
  }
}
