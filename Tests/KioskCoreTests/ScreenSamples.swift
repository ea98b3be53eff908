// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

/// The screens and pages that every test of the layout goes through.
enum ScreenSamples {
  static let sizes: [ScreenSize] = [
    (480, 320), (640, 480), (800, 480), (1024, 600), (1024, 768), (1280, 720), (1280, 1024), (1366, 768),
    (1920, 1080), (1920, 1200), (2560, 1080), (3840, 2160),
  ].flatMap { [ScreenSize(width: $0.0, height: $0.1), ScreenSize(width: $0.1, height: $0.0)] }

  static let clock = HomePage.Clock(time: "14:05:09", date: "21/11/2025", isSynchronised: true)

  /// A page on an ordinary morning.
  static let ordinary = HomePage(
    peopleAround: 27, bluezonersAround: 11, peopleNear: 3, bluezonersNear: 2, communityTotal: 23_456_789,
    radio: .running, clock: clock, lastF0Sync: "14:02")

  /// Every combination of states, with figures as long as they get.
  static let pages: [HomePage] = {
    var pages: [HomePage] = []
    let radios: [HomePage.Radio] =
      [.starting, .running] + HomePage.Fault.allCases.map { .down($0, step: .reopen) }
      + RecoveryStep.allCases.map { .down(.notAnswering, step: $0) } + [.down(.noAdapter, step: nil)]
    for language in ScreenLanguage.allCases {
      for prompt in HomePage.Prompt.allCases {
        for radio in radios {
          for isDemo in [false, true] {
            var page = ordinary
            page.language = language
            page.prompt = prompt
            page.radio = radio
            page.isDemo = isDemo
            pages.append(page)
            page.communityTotal = nil
            page.lastF0Sync = nil
            page.clock.isSynchronised = false
            page.peopleAround = 1288
            page.bluezonersAround = 888
            page.peopleNear = 0
            pages.append(page)
          }
        }
      }
    }
    return pages
  }()
}

extension Scene {
  /// The texts of the scene.
  var texts: [Scene.Text] {
    elements.compactMap { if case .text(let text) = $0 { text } else { nil } }
  }

  /// The words of the scene, a line a text.
  var words: [String] { texts.map(\.string) }
}
