// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore

/// Where a command finds its settings.
struct SettingsOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The data folder, instead of the configuration's.", valueName: "folder"))
  var data: String?

  static let defaultPath = "/etc/bluezone-kiosk/kiosk.toml"

  /// Reads the file named, else the usual one if it is there, else takes the defaults.
  func settings() throws -> Settings {
    do {
      var settings = Settings()
      if let config {
        settings = try ConfigurationFile(path: config).load()
      } else if Files.isThere(Self.defaultPath) {
        settings = try ConfigurationFile(path: Self.defaultPath).load()
      }
      if let data { settings.dataFolder = data }
      return settings
    } catch {
      throw Exit.failure(error)
    }
  }
}
