// SPDX-License-Identifier: GPL-3.0-or-later
import Dispatch
import Glibc
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("A display on a thread of its own")
struct ScanoutDisplayTests {
  private static func display(_ machine: FakeMachine) -> ScanoutDisplay {
    ScanoutDisplay(usualSize: .fullHD, rotation: .right, takesConsole: false, findsTouch: false) {
      DRMPresenter(cards: machine.source, connectorName: nil, rotation: .right)
    }
  }

  @Test("tells the screen's size, turned, shows pictures, and has handed all back when it is closed")
  func showing() throws {
    let machine = FakeMachine([FakeCardModel([DRMPresenterTests.Bench.connector()])])
    let display = Self.display(machine)
    let changed = DispatchSemaphore(value: 0)
    display.observe(DisplayObserver(sizeChanged: { changed.signal() }))
    // It may have been there before anybody listened.
    for _ in 0..<300 where display.size == .fullHD { _ = changed.wait(timeout: .now() + .milliseconds(100)) }
    #expect(display.size == ScreenSize(width: 48, height: 64))
    #expect(display.physicalSize == PhysicalSize(widthMillimetres: 120, heightMillimetres: 160))
    #expect(display.words == "HDMI-A-1, 64x48 at 60 Hz, 120 mm x 160 mm")
    try display.show(Scene(size: display.size, background: Colour(0x123456)))
    try display.close()
    #expect(!machine.card.isOpen)
    #expect(machine.card.buffers.isEmpty)
    #expect(throws: DisplayError.closed) { try display.show(Scene(size: display.size, background: Colour(1))) }
    try display.close()
  }

  @Test("throws why nothing is seen for as long as that is so")
  func faults() throws {
    let machine = FakeMachine([FakeCardModel([DRMPresenterTests.Bench.connector(modes: [])])])
    let display = Self.display(machine)
    defer { try? display.close() }
    let scene = Scene(size: .fullHD, background: Colour(1))
    var told: DisplayError?
    for _ in 0..<300 where told == nil {
      do throws(DisplayError) { try display.show(scene) } catch { told = error }
      usleep(100_000)
    }
    #expect(told == .screen(.noScreen))
    #expect(throws: DisplayError.screen(.noScreen)) { try display.show(scene) }
    #expect(display.size == .fullHD)
    #expect(display.words == nil)
    #expect(told?.description.contains("No screen is plugged in") == true)
  }
}
