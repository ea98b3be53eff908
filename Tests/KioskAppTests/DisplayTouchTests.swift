// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Synchronization
import Testing

@testable import KioskApp

/// A screen in memory.
private final class FakeDisplay: Display {
  let size = ScreenSize(width: 800, height: 480)
  let hasTouch: Bool
  let physicalSize = PhysicalSize(widthMillimetres: 154, heightMillimetres: 86)
  let scenes = Mutex<[Scene]>([])

  init(hasTouch: Bool) { self.hasTouch = hasTouch }

  func show(_ scene: Scene) throws(DisplayError) { scenes.withLock { $0.append(scene) } }
  func close() throws(DisplayError) {}
}

@Suite("A page on a touch screen") struct DisplayTouchTests {
  private final class Actions: Sendable {
    let all = Mutex<[ScreenAction]>([])
  }

  private func shown(hasTouch: Bool, touch: Bool?) throws -> (pages: PageDisplay, scene: Scene, actions: Actions) {
    let display = FakeDisplay(hasTouch: hasTouch)
    let actions = Actions()
    let pages = PageDisplay(
      display, touch: touch, onAction: { action in actions.all.withLock { $0.append(action) } }, onFault: { _ in })
    pages.show(DisplaySamples.ordinary)
    pages.close()
    return (pages, try #require(display.scenes.withLock { $0.last }), actions)
  }

  @Test("passes on what is asked for where it is touched, and nothing elsewhere")
  func touched() throws {
    let (pages, scene, actions) = try shown(hasTouch: true, touch: nil)
    for target in scene.touchTargets { pages.touched(x: target.box.x, y: target.box.maxY - 1) }
    pages.touched(x: 0, y: 0)
    pages.touched(x: -5, y: 100_000)
    #expect(actions.all.withLock { $0 } == scene.touchTargets.map(\.action))
    #expect(Set(scene.touchTargets.map(\.action)) == [.language, .page(.privacy(1)), .nextPage, .checkIn])
  }

  @Test(
    "has buttons where the display, or else the settings, say that it can be touched",
    arguments: [(true, nil, true), (false, nil, false), (false, true, true), (true, false, false)]
      as [(Bool, Bool?, Bool)])
  func settings(display: Bool, setting: Bool?, hasButtons: Bool) throws {
    let scene = try shown(hasTouch: display, touch: setting).scene
    #expect(scene.touchTargets.isEmpty != hasButtons)
  }

  @Test("is laid out for the screen's own millimetres")
  func physical() throws {
    let scene = try shown(hasTouch: false, touch: nil).scene
    let size = ScreenSize(width: 800, height: 480)
    let own = PhysicalSize(widthMillimetres: 154, heightMillimetres: 86)
    #expect(scene == DisplaySamples.ordinary.scene(size: size, physical: own))
    #expect(
      scene != DisplaySamples.ordinary.scene(size: size, physical: PhysicalSize(diagonalInches: 15, pixels: size)))
  }
}
