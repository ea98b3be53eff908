// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Synchronization

/// Where a command finds its settings.
struct SettingsOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The data folder, instead of the configuration's.", valueName: "folder"))
  var data: String?

  static let defaultPath = "/etc/bluezone-kiosk/kiosk.toml"

  /// The file that `settings` reads, if any.
  private var file: String? { config ?? (Files.isThere(Self.defaultPath) ? Self.defaultPath : nil) }

  /// Of the file's bytes; of no bytes where there is no file.
  func fileSHA256() throws(FileError) -> [UInt8] {
    FeedSignature.sha256(
      try file.map { path throws(FileError) in
        try Files.read(path, limit: AppLimits.configurationBytes)
      } ?? [])
  }

  /// Reads the file named, else the usual one if it is there, else takes the defaults.
  func settings() throws -> Settings {
    do {
      var settings = Settings()
      if let file { settings = try ConfigurationFile(path: file).load() }
      if let data { settings.dataFolder = data }
      Login.dataFolder.withLock { $0 = settings.dataFolder }
      return settings
    } catch {
      throw Exit.failure(error)
    }
  }
}
