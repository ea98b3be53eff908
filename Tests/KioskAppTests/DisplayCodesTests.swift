// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing

@testable import KioskApp

/// Every code of every page, read by a reader that is not ours.
@Suite("The codes of every page") struct DisplayCodesTests {
  static let sizes: [ScreenSize] = [
    (480, 320), (320, 480), (800, 480), (1024, 600), (1280, 800), (1080, 1920), (1920, 1080), (2160, 3840),
    (3840, 2160),
  ].map { ScreenSize(width: $0.0, height: $0.1) }

  private static let names = PageSample.names.filter {
    !["today", "notice", "privacy-1", "privacy-2", "welcome", "checked-in", "turned-away"].contains($0)
  }

  /// One code and two, by day and in the darkest night, with and without buttons.
  private static var samples: [PageSample] {
    var day = PageSample(site: ScreenState.Site())
    var night = day
    night.nightBrightness = 20
    night.site.hasTouch = true
    night.site.androidAddress = "https://play.google.com/store/apps/details?id=com.mic.bluezone"
    night.site.iosAddress = "https://apps.apple.com/vn/app/bluezone/id1508062685"
    day.language = .vietnamese
    night.language = .english
    return [day, night]
  }

  /// The scenes whose codes differ in place, size or words from those before.
  private func scenes(_ size: ScreenSize) throws -> [(name: String, scene: Scene)] {
    var seen: Set<[Scene.QR]> = []
    return try Self.samples.flatMap { sample in
      try Self.names.compactMap { name in
        let scene = try #require(sample.state(of: name)).scene(size: size)
        #expect(!scene.codes.isEmpty)
        return seen.insert(scene.codes).inserted ? (name, scene) : nil
      }
    }
  }

  @Test("are read from the page as it is drawn", arguments: sizes)
  func readable(size: ScreenSize) throws {
    let folder = try Folder()
    let canvas = try Canvas(size: size)
    for (name, scene) in try scenes(size) {
      try canvas.draw(scene)
      try canvas.writePNG(to: "\(folder.path)/page.png")
      let read = try DisplayReader.read("\(folder.path)/page.png")
      #expect(Set(read) == Set(scene.codes.map(\.address)), "\(name) in \(size)")
    }
  }

  /// A phone at ten times the code's width, as a scan is promised from there: its camera sees 65° in a preview of 1920
  /// pixels, of which the code and its quiet zone then get 1920 / (2 × 10 × tan 32.5°) = 150.
  private static let pixelsOfCode = 150

  @Test("are read by a phone ten times their width away, not quite in focus", arguments: sizes)
  func fromAfar(size: ScreenSize) throws {
    let folder = try Folder()
    let canvas = try Canvas(size: size)
    for (name, scene) in try scenes(size) {
      try canvas.draw(scene)
      for qr in scene.codes {
        let code = try QRCode(qr.address)
        let modules = code.side + 2 * QRCode.quietZone
        let side = code.pixelsPerModule(in: min(qr.box.width, qr.box.height)) * modules
        let seen = try Picture(canvas, width: size.width * Self.pixelsOfCode / side).blurred()
        try seen.ppm.write(to: URL(fileURLWithPath: "\(folder.path)/seen.ppm"))
        let read = try DisplayReader.read("\(folder.path)/seen.ppm")
        #expect(read.contains(qr.address), "\(name) in \(size)")
      }
    }
  }
}

extension Scene {
  fileprivate var codes: [Scene.QR] { elements.compactMap { if case .qr(let qr) = $0 { qr } else { nil } } }
}
