// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing

@testable import KioskApp

/// Pages against pictures that somebody has looked at. `scripts/pictures` draws them anew.
@Suite("A page looks as it did") struct DisplayGoldenTests {
  /// What is drawn: each page lying and standing in both languages, and the states that look different.
  private static let cases:
    [(file: String, page: String, size: ScreenSize, change: @Sendable (inout PageSample) -> Void)] = {
      let lying = ScreenSize(width: 1280, height: 720)
      let standing = ScreenSize(width: 720, height: 1280)
      let small = ScreenSize(width: 480, height: 320)
      var cases: [(String, String, ScreenSize, @Sendable (inout PageSample) -> Void)] = []
      for name in PageSample.names {
        for language in ScreenLanguage.allCases {
          cases.append(("\(name)-lying-\(language.rawValue)", name, lying, { $0.language = language }))
          cases.append(("\(name)-standing-\(language.rawValue)", name, standing, { $0.language = language }))
        }
      }
      for name in ["home", "today", "install-2"] {
        cases.append(("\(name)-small", name, small, { _ in }))
        cases.append(("\(name)-small-touch", name, small, { $0.site.hasTouch = true }))
        cases.append(("\(name)-night", name, lying, { $0.nightBrightness = 60 }))
        cases.append(("\(name)-demo", name, lying, { $0.isDemo = true }))
      }
      for trouble in PageSample.Trouble.allCases {
        cases.append(("home-\(trouble.rawValue)", "home", lying, { $0.trouble = trouble }))
      }
      cases.append(("home-touch", "home", lying, { $0.site.hasTouch = true }))
      return cases
    }()

  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Golden"
  /// Mean of all differences, of 255, and percent of the values that differ clearly.
  private static let (tolerance, percentFar) = (2.0, 0.08)

  /// Inter as the pictures were drawn with it, as fontconfig gives its version: Debian 12's. Debian 13's has other widths,
  /// and so other pages; that all fits there as well is what the other tests show.
  private static let typeface = "197853"

  private static let hasTypeface: Bool = {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/fc-match")
    process.arguments = ["--format", "%{fontversion}", "Inter"]
    process.standardOutput = output
    guard (try? process.run()) != nil else { return false }
    let version = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(bytes: version, encoding: .utf8) == typeface
  }()

  private func picture(_ page: String, _ size: ScreenSize, _ change: (inout PageSample) -> Void) throws -> Picture {
    var sample = PageSample(site: ScreenState.Site())
    change(&sample)
    let canvas = try Canvas(size: size)
    try canvas.draw(try #require(sample.state(of: page)).scene(size: size))
    return try Picture(canvas, width: size.width > 500 ? size.width / 5 : size.width / 2)
  }

  @Test(
    "within what the eye does not see",
    .enabled(if: hasTypeface, "the pictures were drawn with Debian 12's Inter, and another one is installed"),
    arguments: cases.indices)
  func looksTheSame(index: Int) throws {
    let (file, page, size, change) = Self.cases[index]
    let picture = try picture(page, size, change)
    let path = "\(Self.folder)/\(file).png"
    if ProcessInfo.processInfo.environment["GOLDEN_UPDATE"] != nil { return picture.writePNG(to: path) }
    let golden = try #require(Picture(png: path), "there is no picture \(file); run scripts/pictures")
    let difference = try #require(picture.difference(from: golden))
    #expect(difference.mean <= Self.tolerance && difference.percentFar <= Self.percentFar, "\(file): \(difference)")
  }

  @Test("and a changed word or figure is seen")
  func canary() throws {
    let size = ScreenSize(width: 1280, height: 720)
    let home = try picture("home", size) { _ in }
    let stale = try picture("home", size) { $0.trouble = .feed }
    let english = try picture("home", size) { $0.language = .english }
    let step = try picture("install-2", size) { _ in }
    let nextStep = try picture("install-3", size) { _ in }
    for (one, other) in [(home, stale), (home, english), (step, nextStep)] {
      let difference = try #require(one.difference(from: other))
      #expect(difference.percentFar > Self.percentFar)
    }
  }
}
