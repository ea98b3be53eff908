// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@testable import KioskApp

@Suite("A kind of display")
struct DisplayKindTests {
  @Test(
    "is read as it is written",
    arguments: [
      ("png:screen", DisplayKind.png(folder: "screen")), ("png:/a:b/c", .png(folder: "/a:b/c")),
      ("window", .window), ("none", .off), ("drm", .drm(connector: nil)),
      ("drm:HDMI-A-1", .drm(connector: "HDMI-A-1")), ("fbdev", .framebuffer(path: "/dev/fb0")),
      ("fbdev:/dev/fb1", .framebuffer(path: "/dev/fb1")),
    ])
  func parsing(text: String, kind: DisplayKind) throws {
    #expect(try DisplayKind(parsing: text) == kind)
    #expect(kind.description == text)
  }

  @Test("needs a folder for pictures", arguments: ["png", "png:"])
  func missingFolder(text: String) {
    #expect(throws: DisplayError.missingFolder) { try DisplayKind(parsing: text) }
  }

  @Test("needs a name after its colon", arguments: ["drm:", "fbdev:"])
  func missingName(text: String) {
    #expect(throws: DisplayError.missingName(text)) { try DisplayKind(parsing: text) }
  }

  @Test("that is unknown is answered with the choices", arguments: ["", "hdmi", "Window", "png :x"])
  func unknown(text: String) {
    #expect(throws: DisplayError.unknownKind(text)) { try DisplayKind(parsing: text) }
    let message = DisplayError.unknownKind(text).description
    for choice in ["png:DIR", "window", "none", "drm", "fbdev"] { #expect(message.contains(choice)) }
  }

  @Test("none opens nothing")
  func off() throws {
    #expect(try DisplayKind.off.open(size: .fullHD, onQuit: {}) == nil)
  }
}
