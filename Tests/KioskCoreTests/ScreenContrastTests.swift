// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing

@Suite("Contrast")
struct ScreenContrastTests {
  /// Relative luminance. Source: WCAG 2.2, definition of relative luminance.
  private func luminance(_ colour: Colour) -> Double {
    func linear(_ value: UInt8) -> Double {
      let share = Double(value) / 255
      return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
    }
    return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue)
  }

  /// Source: WCAG 2.2, definition of contrast ratio.
  private func contrast(_ one: Colour, _ other: Colour) -> Double {
    let (a, b) = (luminance(one), luminance(other))
    return (max(a, b) + 0.05) / (min(a, b) + 0.05)
  }

  @Test("of black on white is 21")
  func measure() {
    #expect(abs(contrast(Colour(0), Colour(0xFFFFFF)) - 21) < 0.001)
  }

  @Test(
    "is 7:1 or more for every text, icon and code, by day and at any brightness of the night",
    arguments: [nil, 100, 75, 50, 35, 20] as [Int?])
  func everythingStandsOut(night: Int?) {
    for size in [ScreenSize.fullHD, ScreenSize(width: 320, height: 480)] {
      for var state in ScreenSamples.states {
        state.nightBrightness = night
        let scene = state.scene(size: size)
        for (index, element) in scene.elements.enumerated() {
          if case .rectangle = element { continue }
          var ground = scene.background
          for case .rectangle(let below) in scene.elements[..<index] where below.box.intersects(element.box) {
            // Whatever lies under a text lies under all of it, lines between texts aside.
            if below.box.contains(element.box) { ground = below.colour } else { #expect(below.box.height <= 4) }
          }
          switch element {
          case .rectangle: break
          case .text(let text): #expect(contrast(text.colour, ground) >= 7, "\(text)")
          case .icon(let icon):
            #expect(icon.ground == ground)
            #expect(contrast(icon.colour, ground) >= 7, "\(icon)")
          case .qr(let qr):
            #expect(qr.light == ground)
            #expect(contrast(qr.dark, qr.light) >= 7)
          }
        }
      }
    }
  }
}
