// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Draw a page into a PNG file, with made-up figures.")

  @OptionGroup var options: SettingsOptions

  enum Page: String, ExpressibleByArgument, CaseIterable { case home }
  enum State: String, ExpressibleByArgument, CaseIterable { case normal, welcome, install, down, demo }

  @Argument(help: "The page: home.")
  var page: Page

  @Option(help: "What it is to show: \(State.allCases.map(\.rawValue).joined(separator: ", ")).")
  var state = State.normal

  @Option(help: "The language that comes first: vi or en.")
  var lang: String?

  @Option(help: "Pixels, such as 1920x1080.")
  var size: String?

  @Option(name: .shortAndLong, help: "The file to write.")
  var output: String

  func validate() throws {
    if let size, ScreenSize(parsing: size) == nil {
      throw ValidationError("--size \(size) must be WIDTHxHEIGHT in pixels, such as 1920x1080")
    }
    if let lang, ScreenLanguage(rawValue: lang) == nil { throw ValidationError("--lang must be vi or en") }
  }

  func run() throws {
    let settings = try options.settings()
    var page = HomePage(
      installAddress: settings.screen.installAddress, isDemo: state == .demo,
      peopleAround: 24, bluezonersAround: 9, peopleNear: 5, bluezonersNear: 2, radio: .running,
      clock: .init(time: "09:41:07", date: "21/11/2026", isSynchronised: true), lastF0Sync: "09:30 21/11",
      language: lang.flatMap(ScreenLanguage.init(rawValue:)) ?? settings.screen.language)
    switch state {
    case .normal, .demo: break
    case .welcome: page.prompt = .welcome
    case .install: page.prompt = .install
    case .down: page.radio = .down(.noAdapter, step: .reopen)
    }
    let size = size.flatMap(ScreenSize.init(parsing:)) ?? settings.screen.size
    do throws(DisplayError) {
      let canvas = try Canvas(size: size)
      try canvas.draw(page.scene(size: size))
      try canvas.writePNG(to: output)
    } catch {
      throw Exit.failure(error)
    }
  }
}
