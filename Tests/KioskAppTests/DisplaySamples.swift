// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Pixels
import Tracer

@testable import KioskApp

/// The screens and pages that the tests of drawing go through.
enum DisplaySamples {
  static let sizes: [ScreenSize] = [
    (480, 320), (800, 480), (1024, 600), (1024, 768), (1280, 800), (1920, 1080), (2560, 1080), (3840, 2160),
  ].flatMap { [ScreenSize(width: $0.0, height: $0.1), ScreenSize(width: $0.1, height: $0.0)] }

  static let ordinary: ScreenState = {
    var state = ScreenState(clock: .init(time: "14:05:09", date: "21/11/2025", isSynchronised: true))
    state.radio = .running
    state.f0 = .fresh("14:02 21/11")
    (state.figures.peopleAround, state.figures.bluezonersAround) = (27, 11)
    (state.figures.peopleNear, state.figures.bluezonersNear) = (3, 2)
    return state
  }()

  /// Every page in both languages: as usual, by touch, and in the most crowded states.
  static let states: [ScreenState] = ScreenLanguage.allCases.flatMap { language -> [ScreenState] in
    var site = ScreenState.Site()
    var samples = [PageSample(site: site)]
    site.hasTouch = true
    samples.append(PageSample(site: site))
    samples[1].isDemo = true
    samples[1].trouble = .radio
    site.androidAddress = "https://play.google.com/store/apps/details?id=com.mic.bluezone"
    site.iosAddress = "https://apps.apple.com/vn/app/bluezone/id1508062685"
    site.operatorName = "Bệnh viện Đa khoa tỉnh Thừa Thiên Huế, phòng Kế hoạch"
    site.operatorContact = "phòng 203 nhà B, 0234 3822 325"
    for trouble in [PageSample.Trouble.clock, .feed, .starting] {
      samples.append(PageSample(site: site))
      samples[samples.count - 1].trouble = trouble
    }
    samples[2].nightBrightness = 20
    return samples.flatMap { sample in
      PageSample.names.compactMap { name in
        var sample = sample
        sample.language = language
        guard var state = sample.state(of: name) else { return nil }
        if sample.trouble == .clock {
          (state.figures.peopleAround, state.figures.bluezonersAround) = (1288, 888)
          (state.today.visits, state.today.uncertainty) = (12_345, 1852)
          state.isWelcoming = true
        }
        if sample.trouble == .starting { state.communityTotal = 23_456_789 }
        return state
      }
    }
  }

  /// A new folder of the test's own; the caller removes it.
  static func newFolder() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("kiosk-display-\(UUID().uuidString)").path
  }
}

extension Canvas {
  /// A copy of all pixels, without the unused byte.
  var pixels: [Pixel] {
    withPixels { Pixels.all($0, pitch: $1, width: size.width, height: size.height) }
  }

  /// Whether every pixel is equal, without the unused byte.
  func hasSamePixels(as other: Canvas) -> Bool {
    withPixels { ours, pitch in
      other.withPixels { theirs, theirPitch in pitch == theirPitch && Pixels.areEqual(ours, theirs) }
    }
  }
}
