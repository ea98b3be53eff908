// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing

@testable import KioskApp

@Suite("The picture display")
struct DisplayPNGTests {
  private let size = ScreenSize(width: 480, height: 320)
  private let folder = DisplaySamples.newFolder()

  private func page(_ address: String) -> Scene {
    var page = DisplaySamples.ordinary
    page.site.installAddress = address
    return page.scene(size: size)
  }

  private func remove() { try? FileManager.default.removeItem(atPath: folder) }

  @Test("makes its folder, and a picture of the screen's size in it")
  func writes() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: "\(folder)/a/b", size: size)
    #expect(display.path == "\(folder)/a/b/screen.png")
    try display.show(page("https://one.vn"))
    #expect(display.picturesWritten == 1)
    #expect(try DisplayReader.read(display.path) == ["https://one.vn"])
    // Width and height stand at byte 16 of a PNG, most significant byte first. Source: PNG, 11.2.2.
    let head = try Data(contentsOf: URL(fileURLWithPath: display.path)).prefix(24)
    #expect(Array(head.suffix(8)) == [0, 0, 1, 0xE0, 0, 0, 1, 0x40])
    try display.close()
  }

  @Test("leaves nothing but the picture behind")
  func noLeftovers() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size)
    try display.show(page("https://one.vn"))
    try display.close()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["screen.png"])
  }

  @Test("writes no second picture before its time, and the last scene on close")
  func throttles() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size, interval: .seconds(3600))
    try display.show(page("https://one.vn"))
    #expect(display.picturesWritten == 1)
    try display.show(page("https://two.vn"))
    try display.show(page("https://three.vn"))
    #expect(display.picturesWritten == 1)
    #expect(try DisplayReader.read(display.path) == ["https://one.vn"])
    try display.close()
    #expect(display.picturesWritten == 2)
    #expect(try DisplayReader.read(display.path) == ["https://three.vn"])
  }

  @Test("does not write an unchanged scene again")
  func unchanged() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size, interval: .nanoseconds(0))
    for _ in 1...5 {
      try display.show(page("https://one.vn"))
      #expect(display.picturesWritten == 1)
    }
    try display.close()
    #expect(display.picturesWritten == 1)
  }

  @Test("shows nothing after close, which may be said twice")
  func closed() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size)
    try display.close()
    try display.close()
    #expect(throws: DisplayError.closed) { try display.show(page("https://one.vn")) }
  }

  @Test("refuses a folder that is a file")
  func fileInTheWay() throws {
    defer { remove() }
    try Data().write(to: URL(fileURLWithPath: folder))
    let failure = #expect(throws: DisplayError.self) { try PNGDisplay(folder: folder, size: size) }
    #expect(failure?.description.contains(folder) == true)
    #expect(throws: DisplayError.self) { try PNGDisplay(folder: "\(folder)/below", size: size) }
  }

  @Test("tells at the next scene that a picture could not be written, and goes on when it can")
  func folderVanishes() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size, interval: .nanoseconds(0))
    remove()
    try display.show(page("https://one.vn"))
    #expect(display.picturesWritten == 0)
    let failure = #expect(throws: DisplayError.self) { try display.show(page("https://one.vn")) }
    #expect(failure?.description.contains("could not be written") == true)
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try display.show(page("https://one.vn"))
    try display.close()
    #expect(try DisplayReader.read(display.path) == ["https://one.vn"])
  }

  @Test("passes on that an address is too long")
  func addressTooLong() throws {
    defer { remove() }
    let display = try PNGDisplay(folder: folder, size: size)
    try display.show(page(String(repeating: "x", count: 2332)))
    #expect(throws: DisplayError.addressTooLong(bytes: 2332)) { try display.close() }
  }
}
