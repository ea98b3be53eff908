// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Tracer

@testable import KioskApp

/// The screens and pages that the tests of drawing go through.
enum DisplaySamples {
  static let sizes: [ScreenSize] = [
    (480, 320), (800, 480), (1024, 768), (1280, 1024), (1920, 1080), (2560, 1080), (3840, 2160),
  ].flatMap { [ScreenSize(width: $0.0, height: $0.1), ScreenSize(width: $0.1, height: $0.0)] }

  static let ordinary = HomePage(
    peopleAround: 27, bluezonersAround: 11, peopleNear: 3, bluezonersNear: 2, communityTotal: 23_456_789,
    radio: .running, clock: HomePage.Clock(time: "14:05:09", date: "21/11/2025", isSynchronised: true),
    lastF0Sync: "14:02")

  /// One of each state, in both languages, with long figures among them.
  static let pages: [HomePage] = {
    var pages: [HomePage] = []
    for language in ScreenLanguage.allCases {
      for prompt in HomePage.Prompt.allCases {
        var page = ordinary
        page.language = language
        page.prompt = prompt
        pages.append(page)
        page.isDemo = true
        page.peopleAround = 1288
        page.bluezonersAround = 188
        page.communityTotal = nil
        pages.append(page)
      }
      for fault in HomePage.Fault.allCases {
        var page = ordinary
        page.language = language
        page.radio = .down(fault, step: .powerCycle)
        page.lastF0Sync = nil
        page.clock.isSynchronised = false
        pages.append(page)
      }
      var page = ordinary
      page.language = language
      page.radio = .starting
      pages.append(page)
    }
    return pages
  }()

  /// A new folder of the test's own; the caller removes it.
  static func newFolder() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("kiosk-display-\(UUID().uuidString)").path
  }
}

/// The colour of one pixel.
struct Pixel: Equatable {
  var red: UInt8
  var green: UInt8
  var blue: UInt8
}

extension Canvas {
  /// A copy of all pixels, without the unused byte.
  var pixels: [Pixel] {
    withPixels { bytes, pitch in
      (0..<size.height).flatMap { y in
        (0..<size.width).map { x in
          let start = y * pitch + 4 * x
          return Pixel(red: bytes[start + 2], green: bytes[start + 1], blue: bytes[start])
        }
      }
    }
  }
}
