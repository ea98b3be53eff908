// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("Configuration file") struct ConfigurationFileTests {
  private func message(_ text: String) -> String {
    do {
      _ = try ConfigurationFile.parse(text, path: "kiosk.toml")
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test("An empty file means the defaults") func empty() throws {
    #expect(try ConfigurationFile.parse("", path: "kiosk.toml") == Settings())
    #expect(try ConfigurationFile.parse("\n# nothing\n", path: "kiosk.toml") == Settings())
  }

  @Test("The example that ships says the defaults, and names every key") func example() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appendingPathComponent("deploy/kiosk.toml"), encoding: .utf8)
    #expect(try ConfigurationFile.parse(text, path: "kiosk.toml") == Settings())
    let uncommented = text.replacingOccurrences(of: "\n# green =", with: "\ngreen =")
      .replacingOccurrences(of: "\n# amber =", with: "\namber =")
      .replacingOccurrences(of: "\n# buzzer =", with: "\nbuzzer =")
      .replacingOccurrences(of: "\n# staff =", with: "\nstaff =")
      .replacingOccurrences(of: "\n# presence =", with: "\npresence =")
      .replacingOccurrences(of: "\n# acknowledge =", with: "\nacknowledge =")
      .replacingOccurrences(of: "\n# language =", with: "\nlanguage =")
    let settings = try ConfigurationFile.parse(uncommented, path: "kiosk.toml")
    #expect(settings.lines.green.address == "GPIO17" && settings.lines.buzzer.address == "pinctrl-bcm2711:22")
    for key in ConfigurationFile.keyNames {
      let last = key.split(separator: ".").last.map(String.init) ?? key
      #expect(uncommented.contains("\n\(last) = "), "\(key) is not in the example")
    }
  }

  @Test(
    "An unknown key is refused with its line",
    arguments: [
      ("colour = 1", "kiosk.toml:1: unknown key colour"),
      ("\n\n[radio]\naddres = \"hci:0\"\n", "kiosk.toml:4: unknown key radio.addres"),
      ("[screens]\nsize = \"800x480\"", "kiosk.toml:2: unknown key screens.size; did you mean screen.size?"),
      ("[screens]\n", "kiosk.toml:1: unknown key screens"),
      ("a.b.c = 1", "kiosk.toml:1: unknown key a.b.c"),
      ("radio = { colour = 1 }", "kiosk.toml:1: unknown key radio.colour"),
    ])
  func unknownKey(text: String, expected: String) { #expect(message(text).hasPrefix(expected), "\(message(text))") }

  @Test(
    "A wrong type or value is refused with its line and what is allowed",
    arguments: [
      ("data_folder = 5", "kiosk.toml:1: data_folder must be a text in quotes"),
      ("data_folder = \"\"", "kiosk.toml:1: data_folder must not be empty"),
      ("[near]\nios_dbm = \"strong\"", "kiosk.toml:2: near.ios_dbm must be a whole number from -100 to -20"),
      ("[near]\nios_dbm = -101", "kiosk.toml:2: near.ios_dbm must be a whole number from -100 to -20"),
      ("[near]\nios_dbm = -65.5", "kiosk.toml:2: near.ios_dbm must be a whole number from -100 to -20"),
      ("[contacts]\nretention_days = 31", "kiosk.toml:2: contacts.retention_days must be a whole number from 1 to 30"),
      ("[radio]\nscan = \"loud\"", "kiosk.toml:2: radio.scan must be one of \"active\", \"passive\""),
      ("[radio]\naddress = \"usb\"", "kiosk.toml:2: radio.address is wrong: radio usb is none of hci:N"),
      ("[screen]\nsize = \"big\"", "kiosk.toml:2: screen.size must be WIDTHxHEIGHT"),
      ("[screen]\ndisplay = \"tv\"", "kiosk.toml:2: screen.display is wrong: There is no display \"tv\""),
      ("[screen]\ninstall_address = \"\"", "kiosk.toml:2: screen.install_address must have 1 to"),
      ("[lines]\ngreen = \"17\"", "kiosk.toml:2: lines.green is wrong: '17' is only a number"),
      ("[lines]\ngreen_active_low = 1", "kiosk.toml:2: lines.green_active_low must be true or false"),
      ("radio = 5", "kiosk.toml:1: unknown key radio"),
      ("[data_folder]\n", "kiosk.toml:1: data_folder must be a text in quotes"),
    ])
  func wrongValue(text: String, expected: String) { #expect(message(text).hasPrefix(expected), "\(message(text))") }

  @Test(
    "What is not TOML is refused with its line",
    arguments: [("[radio]\naddress = hci:0", 2), ("data_folder = \"x", 1), ("a = 1\na = 2", 2), ("[x", 1)])
  func syntax(text: String, line: Int) { #expect(message(text).hasPrefix("kiosk.toml:\(line): "), "\(message(text))") }

  @Test("Every value reaches its setting") func values() throws {
    let settings = try ConfigurationFile.parse(
      """
      data_folder = "/srv/kiosk"
      radio.address = "h4:tcp:localhost:6402"
      radio.scan = "active"
      [near]
      android_dbm = -85
      ios_dbm = -70
      other_dbm = -80
      hysteresis_db = 3
      [prompt]
      idle = "none"
      no_app = "amber 10/5 x3"
      accepted_beep = "none"
      quiet_hours = "21:00-06:00"
      mute_minutes = 5
      [visits]
      dwell_seconds = 5
      away_seconds = 90
      [clock]
      trust = "always"
      [contacts]
      retention_days = 30
      [f0]
      tolerance_slots = 2
      [screen]
      display = "png:/tmp/x"
      size = "800x480"
      language = "en"
      install_address = "https://example.vn"
      [lines]
      amber = "gpio-sim.0:bank:3"
      amber_active_low = true
      """, path: "kiosk.toml")
    #expect(settings.dataFolder == "/srv/kiosk" && settings.radio == "h4:tcp:localhost:6402")
    #expect(settings.host.scansActively && settings.clockTrust == .always)
    let near = settings.people.near
    #expect([near.androidDBm, near.iosDBm, near.otherDBm, near.hysteresisDB] == [-85, -70, -80, 3])
    #expect(settings.people.dwellMilliseconds == 5000 && settings.people.awayMilliseconds == 90_000)
    #expect(settings.inputs.visits.absenceMilliseconds == 90_000, "one that only the sensor saw ends as any other")
    #expect(settings.prompt.idle == nil && settings.prompt.noApp.lamp == LampPattern("amber 10/5 x3"))
    #expect(settings.prompt.accepted.buzzer == nil && settings.prompt.muteMilliseconds == 300_000)
    #expect(settings.prompt.quietHours == QuietHours.list("21:00-06:00"))
    #expect(settings.contactRetentionDays == 30 && settings.f0ToleranceSlots == 2)
    #expect(settings.screen.display == "png:/tmp/x" && settings.screen.size == ScreenSize(width: 800, height: 480))
    #expect(settings.screen.language == .english && settings.screen.installAddress == "https://example.vn")
    #expect(settings.lines.amber.address == "gpio-sim.0:bank:3" && settings.lines.amber.activeLow)
  }

  @Test("A file that cannot be read says why") func unreadable() throws {
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: "/no/such/file").load() }
    let folder = try Folder()
    let file = folder.path + "/latin1.toml"
    try Data([0x61, 0xE9]).write(to: URL(fileURLWithPath: file))
    #expect(throws: ConfigurationError.self) { try ConfigurationFile(path: file).load() }
  }
}
