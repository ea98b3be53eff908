// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore
import TOMLKit
import Tracer

/// What is wrong with a configuration file, and where.
struct ConfigurationError: Error, CustomStringConvertible {
  var path: String
  var line: Int?
  var message: String

  var description: String { "\(path)\(line.map { ":\($0)" } ?? ""): \(message)" }
}

/// Reads the kiosk's TOML file into settings. Every key is in one table; what is not in it is refused.
struct ConfigurationFile {
  let path: String

  func load() throws -> Settings {
    let bytes: [UInt8]
    do {
      bytes = try Files.read(path, limit: AppLimits.configurationBytes)
    } catch {
      throw ConfigurationError(path: path, message: error.description)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(path: path, message: "it is not UTF-8 text")
    }
    return try Self.parse(text, path: path)
  }

  static func parse(_ text: String, path: String) throws(ConfigurationError) -> Settings {
    let root: TOMLTable
    do {
      root = try TOMLTable(string: text)
    } catch let error as TOMLParseError {
      throw ConfigurationError(path: path, line: error.source.begin.line, message: error.description)
    } catch {
      throw ConfigurationError(path: path, message: "it is not TOML")
    }
    var settings = Settings()
    for (key, value) in leaves(of: root, prefix: "") {
      guard let setting = keys[key] else {
        let line = lineNumber(of: key, in: text)
        throw ConfigurationError(path: path, line: line, message: "unknown key \(key)\(suggestion(for: key))")
      }
      do {
        try setting.apply(value, &settings)
      } catch {
        throw ConfigurationError(
          path: path, line: lineNumber(of: key, in: text), message: "\(key) \(error.reason)")
      }
    }
    return settings
  }

  // MARK: The keys

  private struct Refusal: Error {
    var reason: String
  }

  private struct Key: Sendable {
    var apply: @Sendable (any TOMLValueConvertible, inout Settings) throws(Refusal) -> Void
  }

  private static let keys: [String: Key] = [
    "data_folder": text { $0.dataFolder = $1 },
    "radio.address": checkedText { settings, value throws(Refusal) in
      do { _ = try RadioAddress(parsing: value) } catch { throw Refusal(reason: "is wrong: \(error)") }
      settings.radio = value
    },
    "radio.scan": choice(["passive": false, "active": true]) { $0.host.scansActively = $1 },
    "radio.sharing": choice(["none": 1, "wifi": 2]) { $0.host.scanInterval *= UInt16($1) },
    "radio.read_iphones": boolean { $0.host.readsIDs = $1 },
    "radio.connections": integer(1...8) { $0.host.connectionsAtOnce = $1 },
    "radio.last_resort": choice(named(Settings.LastResort.allCases)) { $0.lastResort = $1 },
    "radio.silence_minutes": integer(1...1440) { $0.host.silenceMilliseconds = Int64($1) * 60_000 },
    "bluezone.ios_service": uuid { $0.host.profile.iosServiceUUID = $1 },
    "bluezone.ios_characteristic": uuid { $0.host.profile.iosCharacteristicUUID = $1 },
    "bluezone.overflow_byte": integer(0...15) { $0.host.profile.overflowByte = $1 },
    "bluezone.overflow_bit": integer(0...7) { $0.host.profile.overflowBit = 1 << UInt8($1) },
    "near.android_dbm": integer(-100 ... -20) { $0.people.near.androidDBm = Double($1) },
    "near.ios_dbm": integer(-100 ... -20) { $0.people.near.iosDBm = Double($1) },
    "near.other_dbm": integer(-100 ... -20) { $0.people.near.otherDBm = Double($1) },
    "near.hysteresis_db": integer(0...20) { $0.people.near.hysteresisDB = Double($1) },
    "visits.dwell_seconds": integer(1...60) { $0.people.dwellMilliseconds = Int64($1) * 1000 },
    "visits.away_seconds": integer(10...600) {
      $0.people.awayMilliseconds = Int64($1) * 1000
      $0.inputs.visits.absenceMilliseconds = Int64($1) * 1000
    },
    "prompt.idle": lamp({ $0.isEndless }) { $0.prompt.idle = $1 },
    "prompt.degraded": lamp({ $0.isEndless }) { $0.prompt.degraded = $1 },
    "prompt.accepted": lamp({ $0.isTemporary }) { $0.prompt.accepted.lamp = $1 },
    "prompt.accepted_beep": beep { $0.prompt.accepted.buzzer = $1 },
    "prompt.no_app": lamp({ $0.isTemporary }) { $0.prompt.noApp.lamp = $1 },
    "prompt.no_app_beep": beep { $0.prompt.noApp.buzzer = $1 },
    "prompt.no_phone": lamp({ $0.isTemporary }) { $0.prompt.noPhone.lamp = $1 },
    "prompt.no_phone_beep": beep { $0.prompt.noPhone.buzzer = $1 },
    "prompt.longest_seconds": integer(5...60) { $0.prompt.longestPromptMilliseconds = Int64($1) * 1000 },
    "prompt.mute_minutes": integer(1...480) { $0.prompt.muteMilliseconds = Int64($1) * 60_000 },
    "prompt.quiet_hours": checkedText { settings, value throws(Refusal) in
      guard let hours = QuietHours.list(value) else {
        throw Refusal(
          reason: "must be times of the day such as \"21:00-06:00, 12:00-13:00\", at most \(CoreLimits.quietHours)")
      }
      settings.prompt.quietHours = hours
    },
    "clock.trust": choice(named(Settings.ClockTrust.allCases)) { $0.clockTrust = $1 },
    "contacts.retention_days": integer(1...30) { $0.contactRetentionDays = $1 },
    "visits.retention_days": integer(1...366) { $0.visitRetentionDays = $1 },
    "f0.tolerance_slots": integer(0...8) { $0.f0ToleranceSlots = $1 },
    "screen.display": checkedText { settings, value throws(Refusal) in
      do { _ = try DisplayKind(parsing: value) } catch { throw Refusal(reason: "is wrong: \(error)") }
      settings.screen.display = value
    },
    "screen.size": checkedText { settings, value throws(Refusal) in
      guard let size = ScreenSize(parsing: value) else {
        throw Refusal(reason: "must be WIDTHxHEIGHT in pixels, 240x240 to 7680x7680, such as 1920x1080")
      }
      settings.screen.size = size
    },
    "screen.rotation": choice(number: ScreenRotation.allCases) { $0.screen.rotation = $1 },
    "screen.language": choice(named(ScreenLanguage.allCases)) { $0.screen.language = $1 },
    "screen.diagonal_inches": Key { value, settings throws(Refusal) in
      guard let inches = value.double ?? value.int.map(Double.init), inches == 0 || (2.0...120).contains(inches) else {
        throw Refusal(reason: "must be 2 to 120, or 0 to ask the screen")
      }
      settings.screen.diagonalInches = inches == 0 ? nil : inches
    },
    "screen.touch": choice(["auto": nil, "yes": true, "no": false]) { $0.screen.touch = $1 },
    "screen.pages": checkedText { settings, value throws(Refusal) in
      guard let order = PageSettings.order(value) else {
        let kinds = PageSettings.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw Refusal(reason: "must be 1 to \(CoreLimits.pageOrder) of \(kinds), with commas between them")
      }
      settings.screen.pages.order = order
    },
    "screen.home_seconds": integer(3...600) { $0.screen.pages.homeMilliseconds = Int64($1) * 1000 },
    "screen.page_seconds": integer(3...600) { $0.screen.pages.pageMilliseconds = Int64($1) * 1000 },
    "screen.reading_seconds": integer(3...600) { $0.screen.pages.readingMilliseconds = Int64($1) * 1000 },
    "screen.alternate": boolean { $0.screen.pages.alternates = $1 },
    "screen.call_seconds": integer(5...60) { $0.screen.pages.callMilliseconds = Int64($1) * 1000 },
    "screen.night_hours": checkedText { settings, value throws(Refusal) in
      guard let hours = QuietHours.list(value) else {
        throw Refusal(reason: "must be times of the day such as \"22:00-05:00\", at most \(CoreLimits.quietHours)")
      }
      settings.screen.nightHours = hours
    },
    "screen.night_brightness": integer(20...100) { $0.screen.nightBrightness = $1 },
    "screen.stale_f0_hours": integer(1...720) { $0.screen.staleF0Hours = $1 },
    "screen.install_address": address { $0.screen.site.installAddress = $1 },
    "screen.install_android": address(mayBeEmpty: true) { $0.screen.site.androidAddress = $1.isEmpty ? nil : $1 },
    "screen.install_ios": address(mayBeEmpty: true) { $0.screen.site.iosAddress = $1.isEmpty ? nil : $1 },
    "screen.apps": Key { value, settings throws(Refusal) in
      settings.screen.site.apps = try apps(value)
    },
    "operator.name": shownName { $0.screen.site.operatorName = $1 },
    "operator.contact": shownName { $0.screen.site.operatorContact = $1 },
    "lines.green": line { $0.lines.green.address = $1 },
    "lines.green_active_low": boolean { $0.lines.green.activeLow = $1 },
    "lines.amber": line { $0.lines.amber.address = $1 },
    "lines.amber_active_low": boolean { $0.lines.amber.activeLow = $1 },
    "lines.buzzer": line { $0.lines.buzzer.address = $1 },
    "lines.buzzer_active_low": boolean { $0.lines.buzzer.activeLow = $1 },
    "lines.lamp": choice(named(LampWiring.allCases)) { $0.prompt.wiring = $1 },
    "lines.staff": line { $0.lines.staff.address = $1 },
    "lines.staff_active_low": boolean { $0.lines.staff.activeLow = $1 },
    "inputs.presence": line { $0.inputs.presence.address = $1 },
    "inputs.presence_active_low": boolean { $0.inputs.presence.activeLow = $1 },
    "inputs.presence_bias": choice(named(Settings.Bias.allCases)) { $0.inputs.presence.bias = $1 },
    "inputs.presence_prompts": boolean { $0.inputs.presencePrompts = $1 },
    "inputs.acknowledge": line { $0.inputs.acknowledge.address = $1 },
    "inputs.acknowledge_active_low": boolean { $0.inputs.acknowledge.activeLow = $1 },
    "inputs.acknowledge_bias": choice(named(Settings.Bias.allCases)) { $0.inputs.acknowledge.bias = $1 },
    "inputs.language": line { $0.inputs.language.address = $1 },
    "inputs.language_active_low": boolean { $0.inputs.language.activeLow = $1 },
    "inputs.language_bias": choice(named(Settings.Bias.allCases)) { $0.inputs.language.bias = $1 },
    "inputs.debounce_milliseconds": integer(0...1000) {
      let milliseconds = Int64($1)
      $0.inputs.presence.debounceMilliseconds = milliseconds
      $0.inputs.acknowledge.debounceMilliseconds = milliseconds
      $0.inputs.language.debounceMilliseconds = milliseconds
    },
  ]

  static var keyNames: [String] { keys.keys.sorted() }

  private static func named<T: RawRepresentable<String>>(_ cases: [T]) -> [String: T] {
    Dictionary(uniqueKeysWithValues: cases.map { ($0.rawValue, $0) })
  }

  private static func checkedText(
    _ set: @escaping @Sendable (inout Settings, String) throws(Refusal) -> Void
  ) -> Key {
    Key { value, settings throws(Refusal) in
      guard let text = value.string else { throw Refusal(reason: "must be a text in quotes") }
      try set(&settings, text)
    }
  }

  private static func text(_ set: @escaping @Sendable (inout Settings, String) -> Void) -> Key {
    checkedText { settings, value throws(Refusal) in
      guard !value.isEmpty else { throw Refusal(reason: "must not be empty") }
      set(&settings, value)
    }
  }

  /// What a code holds.
  private static func address(
    mayBeEmpty: Bool = false, _ set: @escaping @Sendable (inout Settings, String) -> Void
  ) -> Key {
    checkedText { settings, value throws(Refusal) in
      guard (mayBeEmpty && value.isEmpty) || isAddress(value) else { throw Refusal(reason: addressRule) }
      set(&settings, value)
    }
  }

  private static let addressRule = "must have 1 to \(QRCode.longestAddress) bytes, or no QR code can hold it"

  private static func isAddress(_ text: String) -> Bool { (1...QRCode.longestAddress).contains(text.utf8.count) }

  /// One line that is shown on the screen; may be empty.
  private static func shownName(_ set: @escaping @Sendable (inout Settings, String) -> Void) -> Key {
    checkedText { settings, value throws(Refusal) in
      guard isShown(value) else {
        throw Refusal(reason: "must be one line of at most \(CoreLimits.shownNameBytes) bytes")
      }
      set(&settings, value)
    }
  }

  private static func isShown(_ text: String) -> Bool {
    text.utf8.count <= CoreLimits.shownNameBytes && !text.contains { $0.isNewline }
  }

  /// `[ { name = "…", link = "…" }, { name = "…", android = "…", ios = "…" } ]`
  private static func apps(_ value: any TOMLValueConvertible) throws(Refusal) -> [ScreenState.App] {
    guard let list = value.array, list.count <= CoreLimits.apps else {
      throw Refusal(reason: "must be a list of at most \(CoreLimits.apps) apps, as the example file shows")
    }
    var apps: [ScreenState.App] = []
    for (index, item) in list.enumerated() {
      let which = "has an app (number \(index + 1)) that"
      guard let table = item.table, let name = table["name"]?.string, !name.isEmpty, isShown(name) else {
        throw Refusal(reason: "\(which) lacks a name of one line, at most \(CoreLimits.shownNameBytes) bytes")
      }
      var codes: [ScreenState.App.Code] = []
      for (key, store) in [("link", ScreenState.App.Store?.none), ("android", .android), ("ios", .ios)] {
        guard let entry = table[key] else { continue }
        guard let text = entry.string, isAddress(text) else {
          throw Refusal(reason: "\(which) has a wrong \(key): it \(addressRule)")
        }
        codes.append(.init(text, store: store))
      }
      if let unknown = table.keys.sorted().first(where: { !["name", "link", "android", "ios"].contains($0) }) {
        throw Refusal(reason: "\(which) has the unknown key \(unknown); name, link, android and ios are known")
      }
      guard !codes.isEmpty else { throw Refusal(reason: "\(which) has no link, android or ios") }
      apps.append(ScreenState.App(name: name, codes: codes))
    }
    return apps
  }

  /// In the usual form of 36 characters; settings hold it in the order of the air.
  private static func uuid(_ set: @escaping @Sendable (inout Settings, [UInt8]) -> Void) -> Key {
    checkedText { settings, value throws(Refusal) in
      let groups = value.split(separator: "-", omittingEmptySubsequences: false).map(\.count)
      guard groups == [8, 4, 4, 4, 12], let bytes = Hex.bytes(value.filter { $0 != "-" }) else {
        throw Refusal(reason: "must be a UUID such as 00004E56-73F5-4BC4-A12F-17D1AD07A667")
      }
      set(&settings, bytes.reversed())
    }
  }

  /// A pattern of the lamp in OSDP's words, or "none".
  private static func lamp(
    _ isAllowed: @escaping @Sendable (Pattern) -> Bool,
    _ set: @escaping @Sendable (inout Settings, LampPattern?) -> Void
  ) -> Key {
    checkedText { settings, value throws(Refusal) in
      let lamp = LampPattern(value)
      guard value == "none" || lamp.map({ isAllowed($0.pattern) }) ?? false else {
        throw Refusal(
          reason:
            "must be \"none\" or a pattern, as the example file describes: \"green 1/49\", or with a count where it ends: "
            + "\"amber 5/5 x8\"")
      }
      set(&settings, lamp)
    }
  }

  private static func beep(_ set: @escaping @Sendable (inout Settings, Pattern?) -> Void) -> Key {
    checkedText { settings, value throws(Refusal) in
      let pattern = Pattern(value)
      guard value == "none" || pattern?.isBeep ?? false else {
        throw Refusal(reason: "must be \"none\" or a pattern of at most 3 s, such as \"2/2 x2\"")
      }
      set(&settings, pattern)
    }
  }

  private static func line(_ set: @escaping @Sendable (inout Settings, String) -> Void) -> Key {
    checkedText { settings, value throws(Refusal) in
      do { _ = try LineAddress(value) } catch { throw Refusal(reason: "is wrong: \(error)") }
      set(&settings, value)
    }
  }

  private static func integer(
    _ range: ClosedRange<Int>, _ set: @escaping @Sendable (inout Settings, Int) -> Void
  ) -> Key {
    Key { value, settings throws(Refusal) in
      guard let number = value.int, range.contains(number) else {
        throw Refusal(reason: "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
      set(&settings, number)
    }
  }

  private static func boolean(_ set: @escaping @Sendable (inout Settings, Bool) -> Void) -> Key {
    Key { value, settings throws(Refusal) in
      guard let flag = value.bool else { throw Refusal(reason: "must be true or false") }
      set(&settings, flag)
    }
  }

  private static func choice<T: Sendable>(
    _ choices: [String: T], _ set: @escaping @Sendable (inout Settings, T) -> Void
  ) -> Key {
    Key { value, settings throws(Refusal) in
      guard let text = value.string, let chosen = choices[text] else {
        let list = choices.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        throw Refusal(reason: "must be one of \(list)")
      }
      set(&settings, chosen)
    }
  }

  private static func choice<T: RawRepresentable<Int> & Sendable>(
    number choices: [T], _ set: @escaping @Sendable (inout Settings, T) -> Void
  ) -> Key {
    Key { value, settings throws(Refusal) in
      guard let number = value.int, let chosen = choices.first(where: { $0.rawValue == number }) else {
        let list = choices.map { "\($0.rawValue)" }.joined(separator: ", ")
        throw Refusal(reason: "must be one of \(list)")
      }
      set(&settings, chosen)
    }
  }

  // MARK: Where a key stands

  private static func leaves(
    of table: TOMLTable, prefix: String
  ) -> [(String, any TOMLValueConvertible)] {
    table.keys.flatMap { key -> [(String, any TOMLValueConvertible)] in
      guard let value = table[key] else { return [] }
      let name = prefix.isEmpty ? key : "\(prefix).\(key)"
      // An unknown section without keys must be refused as well.
      if let inner = value.table, !(inner.isEmpty && !sections.contains(name)) {
        return leaves(of: inner, prefix: name)
      }
      return [(name, value)]
    }
  }

  private static let sections = Set(keys.keys.compactMap { $0.split(separator: ".").dropLast().first.map(String.init) })

  /// The line on which a key is set, counted from 1. TOMLKit tells places only for syntax errors; this finds keys
  /// written the usual way, in sections or with dots.
  static func lineNumber(of key: String, in text: String) -> Int? {
    var section = ""
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let line = line.drop { $0 == " " || $0 == "\t" }
      if line.hasPrefix("[") {
        section = String(line.drop { $0 == "[" }.prefix { $0 != "]" }).filter { $0 != " " }
        if section == key { return index + 1 }
      } else if let equals = line.firstIndex(of: "=") {
        let name = line[..<equals].filter { $0 != " " && $0 != "\t" && $0 != "\"" }
        let full = section.isEmpty ? name : "\(section).\(name)"
        if full == key || key.hasPrefix(full + ".") { return index + 1 }
      }
    }
    return nil
  }

  /// A known key that ends alike, for a key in the wrong section.
  private static func suggestion(for key: String) -> String {
    let last = key.split(separator: ".").last ?? ""
    let alike = keys.keys.filter { $0.split(separator: ".").last == last }.sorted().first
    return alike.map { "; did you mean \($0)?" } ?? "; see the example file for those there are"
  }
}

extension ScreenSize {
  /// `1920x1080`; nil when it is not of that form or outside 240x240 to 7680x7680.
  init?(parsing text: String) {
    let parts = text.split(separator: "x").map { Int($0) }
    guard parts.count == 2, let width = parts[0], let height = parts[1], (240...7680).contains(width),
      (240...7680).contains(height)
    else { return nil }
    self.init(width: width, height: height)
  }
}
