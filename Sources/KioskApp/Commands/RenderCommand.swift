// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import KioskCore
import Tracer

struct RenderCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "render", abstract: "Draw a page into a PNG file, with made-up figures.")

  @OptionGroup var options: SettingsOptions

  /// In place of a page: all of them, small, in one picture.
  private static let all = "all"

  @Argument(
    help: ArgumentHelp(
      "\(PageSample.names.joined(separator: ", ")); or \(all), for one picture with all of them.", valueName: "page"))
  var page: String

  @Option(help: "What is to be wrong: \(PageSample.Trouble.allCases.map(\.rawValue).joined(separator: ", ")).")
  var trouble: PageSample.Trouble?

  @Flag(help: "As in a demo.")
  var demo = false

  @Flag(help: "As at night.")
  var night = false

  @Flag(help: "As on a screen that can be touched.")
  var touch = false

  @Option(help: "The language of the page: vi or en.")
  var lang: String?

  @Option(help: "Pixels, such as 1920x1080.")
  var size: String?

  @Option(help: "The screen's diagonal, inches (2 to 120).")
  var diagonal: Double?

  @Option(name: .shortAndLong, help: "The file to write.")
  var output: String

  func validate() throws {
    guard PageSample.names.contains(page) || page == Self.all else {
      throw ValidationError(
        "there is no page \(page); there are \(PageSample.names.joined(separator: ", ")), \(Self.all)")
    }
    if let size, ScreenSize(parsing: size) == nil {
      throw ValidationError("--size \(size) must be WIDTHxHEIGHT in pixels, such as 1920x1080")
    }
    if let lang, ScreenLanguage(rawValue: lang) == nil { throw ValidationError("--lang must be vi or en") }
    if let diagonal, !(2...120).contains(diagonal) { throw ValidationError("--diagonal must be 2 to 120 inches") }
  }

  func run() throws {
    let settings = try options.settings()
    var sample = PageSample(site: settings.site)
    sample.language = lang.flatMap(ScreenLanguage.init(rawValue:)) ?? settings.screen.language
    sample.trouble = trouble
    sample.isDemo = demo
    if touch { sample.site.hasTouch = true }
    if night { sample.nightBrightness = settings.screen.nightBrightness }
    let names = page == Self.all ? PageSample.names : [page]
    let states = names.compactMap { sample.state(of: $0) }
    let size = size.flatMap(ScreenSize.init(parsing:)) ?? settings.screen.size
    let inches = diagonal ?? settings.screen.diagonalInches
    let physical = inches.flatMap { PhysicalSize(diagonalInches: $0, pixels: size) }
    do throws(DisplayError) {
      let scenes = states.map { $0.scene(size: size, physical: physical) }
      if page == Self.all { return try ContactSheet(scenes).writePNG(to: output) }
      let canvas = try Canvas(size: size)
      for scene in scenes { try canvas.draw(scene) }
      try canvas.writePNG(to: output)
    } catch {
      throw Exit.failure(error)
    }
  }
}

extension PageSample.Trouble: ExpressibleByArgument {}
