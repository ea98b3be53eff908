// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@testable import KioskApp

@Suite("A QR code")
struct DisplayQRCodeTests {
  @Test("of the install address has 29 modules a side, and dark finder patterns in three corners")
  func shape() throws {
    let code = try QRCode(ScreenState.Site.defaultInstallAddress)
    #expect(code.side == 29)
    for (column, row) in [(0, 0), (22, 0), (0, 22)] {
      #expect((0..<7).allSatisfy { code.isDark(column: column + $0, row: row) })
      #expect(code.isDark(column: column + 3, row: row + 3))
      #expect(!code.isDark(column: column + 1, row: row + 1))
    }
  }

  @Test("is light all around")
  func quietZone() throws {
    let code = try QRCode(ScreenState.Site.defaultInstallAddress)
    #expect(!code.isDark(column: -1, row: 0))
    #expect(!code.isDark(column: 0, row: code.side))
  }

  @Test("gets whole pixels a module, four light ones on each side counted")
  func wholePixels() throws {
    let code = try QRCode(ScreenState.Site.defaultInstallAddress)
    #expect(code.pixelsPerModule(in: 37) == 1)
    #expect(code.pixelsPerModule(in: 36) == 0)
    #expect(code.pixelsPerModule(in: 369) == 9)
    #expect(code.pixelsPerModule(in: 370) == 10)
  }

  @Test("holds 2331 bytes and refuses 2332")
  func longest() throws {
    #expect(try QRCode(String(repeating: "x", count: 2331)).side == 177)
    #expect(throws: DisplayError.addressTooLong(bytes: 2332)) {
      try QRCode(String(repeating: "x", count: 2332))
    }
    #expect(throws: DisplayError.addressTooLong(bytes: 2400)) {
      try QRCode(String(repeating: "ệ", count: 800))
    }
  }

  @Test("of nothing is refused")
  func empty() {
    #expect(throws: DisplayError.self) { try QRCode("") }
  }

  @Test("that does not fit its box is refused")
  func tooSmall() throws {
    let size = ScreenSize(width: 36, height: 36)
    let qr = Scene.QR(
      address: ScreenState.Site.defaultInstallAddress, box: Box(x: 0, y: 0, width: 36, height: 36), dark: Colour(0),
      light: Colour(0xFFFFFF))
    let canvas = try Canvas(size: size)
    #expect(throws: DisplayError.qrTooSmall(modules: 37, pixels: 36)) {
      try canvas.draw(Scene(size: size, background: Colour(0), elements: [.qr(qr)]))
    }
  }
}
