// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Logging

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the appliance until it is told to stop (SIGTERM, Ctrl-C).",
    discussion: """
      A capture contains the Bluetooth address and the ids of everybody in reach. None is made unless you ask for it; \
      delete it after use. It is put on record with the name and the reason that you give.
      """)

  @OptionGroup var options: SettingsOptions

  @Flag(help: "Simulate a crowd; every page says DEMO. Nothing is kept unless --data is given.")
  var demo = false

  @Option(help: "hci:N, h4:unix:PATH or h4:tcp:HOST:PORT, instead of the configuration's.")
  var radio: String?

  @Option(help: "\(DisplayKind.choices); instead of the configuration's.")
  var display: String?

  @Option(help: "Size of the page in pixels, such as 1920x1080, instead of the configuration's.")
  var size: String?

  @Option(
    help: ArgumentHelp(
      "Record every HCI packet, with the addresses and ids in it, in a new btsnoop file (mode 0600, 512 MiB at most).",
      valueName: "file"))
  var capture: String?

  @Option(name: .customLong("operator"), help: ArgumentHelp("Who asks for the capture.", valueName: "name"))
  var operatorName: String?

  @Option(help: ArgumentHelp("Why, for the audit log.", valueName: "text"))
  var reason: String?

  @Flag(help: "Only warnings and errors on stderr.")
  var quiet = false

  func validate() throws {
    if let radio {
      do { _ = try RadioAddress(parsing: radio) } catch { throw ValidationError("\(error)") }
    }
    if let display {
      do { _ = try DisplayKind(parsing: display) } catch { throw ValidationError("\(error)") }
    }
    if let size, ScreenSize(parsing: size) == nil {
      throw ValidationError("--size \(size) must be WIDTHxHEIGHT in pixels, such as 1920x1080")
    }
    _ = try captureAuthority()
    if demo, radio != nil { throw ValidationError("--demo brings its own radio; leave out --radio") }
  }

  /// Who answers for the capture; the kiosk itself where none is asked for.
  private func captureAuthority() throws -> AuditEntry.Authority {
    guard capture != nil else { return .kiosk }
    guard let operatorName, let reason else {
      throw ValidationError("--capture takes data away: say who asks for it and why, with --operator and --reason")
    }
    do { return try AuditEntry.Authority(operatorName: operatorName, reason: reason) } catch {
      throw ValidationError("\(error)")
    }
  }

  func run() async throws {
    var settings = try options.settings()
    if let radio { settings.radio = radio }
    if let display { settings.screen.display = display }
    if let size = size.flatMap(ScreenSize.init(parsing:)) { settings.screen.size = size }
    var temporary: TemporaryFolder?
    if demo {
      settings.clockTrust = .always
      if options.data == nil {
        temporary = TemporaryFolder("bluezone-kiosk-demo")
        guard let path = temporary?.path else { throw Exit.failure("no temporary folder could be made in /tmp") }
        settings.dataFolder = path
      }
    }
    // SQLite's own copies, while it rewrites a database, stay on the disk that has been asked for room.
    setenv("SQLITE_TMPDIR", settings.dataFolder, 1)
    var log = Logger(label: "kiosk") { StreamLogHandler.standardError(label: $0) }
    log.logLevel = quiet ? .warning : .info
    do {
      try await Appliance(
        settings: settings, isDemo: demo, captureFile: capture, captureAuthority: try captureAuthority(),
        settingsSHA256: try options.fileSHA256(), log: log
      ).run()
    } catch {
      temporary?.remove()
      throw Exit.failure(error)
    }
    temporary?.remove()
  }
}
