// SPDX-License-Identifier: GPL-3.0-or-later
#if Window
  import KioskCore
  import Testing

  @testable import KioskApp

  @Suite("The window", .serialized)
  struct DisplayWindowTests {
    private let size = ScreenSize(width: 800, height: 480)

    @Test("opens, shows pages and closes")
    func opensAndCloses() throws {
      let window = try WindowDisplay(size: size, driver: "dummy") {}
      #expect(window.size == size)
      var page = DisplaySamples.ordinary
      for count in 1...20 {
        page.figures.peopleAround = count
        try window.show(page.scene(size: window.size))
      }
      try window.close()
      try window.close()
      #expect(throws: DisplayError.closed) { try window.show(page.scene(size: size)) }
    }

    @Test("can be opened again after it was closed")
    func reopens() throws {
      for _ in 1...3 {
        let window = try WindowDisplay(size: size, driver: "dummy") {}
        try window.show(DisplaySamples.ordinary.scene(size: size))
        try window.close()
      }
    }

    @Test("says what to do where there is no graphical session")
    func noSession() {
      let failure = #expect(throws: DisplayError.self) { try WindowDisplay(size: size, driver: "nowhere") {} }
      #expect(failure?.description.contains("graphical session") == true)
    }
  }
#endif
