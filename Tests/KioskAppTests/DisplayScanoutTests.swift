// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("Memory that a screen shows")
struct DisplayScanoutTests {
  private static let panel = ScreenSize(width: 37, height: 21)

  /// A picture in which no two pixels are equal.
  private static func picture(_ size: ScreenSize, pitch: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: pitch * size.height)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let at = y * pitch + 4 * x
        (bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]) = (
          UInt8(x), UInt8(y), UInt8((x * 7 + y * 13) % 256), 0xAA
        )
      }
    }
    return bytes
  }

  @Test(
    "gets exactly the pixels of a box, turned and in its format, and nothing else",
    arguments: ScreenRotation.allCases, PixelFormat.allCases)
  func copying(rotation: ScreenRotation, format: PixelFormat) throws {
    let panel = Self.panel
    let size = rotation.size(of: panel)
    let sourcePitch = size.width * 4 + 8
    let source = Self.picture(size, pitch: sourcePitch)
    let pitch = panel.width * format.bytes + 6
    let boxes = [
      Box(x: 0, y: 0, width: size.width, height: size.height), Box(x: 3, y: 2, width: 5, height: 7),
      Box(x: size.width - 1, y: size.height - 1, width: 1, height: 1), Box(x: -4, y: -4, width: 9, height: 6),
      Box(x: size.width - 3, y: 1, width: 400, height: 400), Box(x: 900, y: 0, width: 5, height: 5),
      Box(x: 4, y: 4, width: 0, height: 9),
    ]
    for box in boxes {
      let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: pitch * panel.height, alignment: 8)
      defer { memory.deallocate() }
      memory.initializeMemory(as: UInt8.self, repeating: 0x5C)
      let target = try #require(ScanoutTarget(memory: memory, size: panel, pitch: pitch, format: format))
      source.withUnsafeBytes { target.copy(box, of: $0, pitch: sourcePitch, rotation: rotation) }
      for y in 0..<panel.height {
        for x in 0..<panel.width {
          let point = rotation.picturePoint(of: ScreenPoint(x: x, y: y), panel: panel)
          let at = point.y * sourcePitch + 4 * point.x
          let (blue, green, red) = (UInt32(source[at]), UInt32(source[at + 1]), UInt32(source[at + 2]))
          let isInside = box.contains(Box(x: point.x, y: point.y, width: 1, height: 1))
          let place = y * pitch + x * format.bytes
          var (found, expected): (UInt32, UInt32)
          if format == .rgb565 {
            found = UInt32(memory.loadUnaligned(fromByteOffset: place, as: UInt16.self))
            expected = (red >> 3) << 11 | (green >> 2) << 5 | blue >> 3
          } else {
            found = memory.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            expected = format == .xrgb8888 ? red << 16 | green << 8 | blue : blue << 16 | green << 8 | red
            // The highest byte means nothing.
            if isInside { found &= 0xFFFFFF }
          }
          if !isInside { expected = format == .rgb565 ? 0x5C5C : 0x5C5C_5C5C }
          if found != expected {
            Issue.record("\(box) at \(x),\(y): \(String(found, radix: 16)) for \(String(expected, radix: 16))")
            return
          }
        }
        for pad in (y * pitch + panel.width * format.bytes)..<((y + 1) * pitch) { #expect(memory[pad] == 0x5C) }
      }
    }
  }

  @Test("is refused when it does not hold all rows")
  func tooSmall() {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4 * 10 * 3, alignment: 8)
    defer { memory.deallocate() }
    func target(_ width: Int, _ height: Int, pitch: Int, bytes: Int) -> ScanoutTarget? {
      ScanoutTarget(
        memory: UnsafeMutableRawBufferPointer(rebasing: memory[..<bytes]),
        size: ScreenSize(width: width, height: height),
        pitch: pitch, format: .xrgb8888)
    }
    #expect(target(10, 3, pitch: 40, bytes: 120) != nil)
    #expect(target(10, 3, pitch: 40, bytes: 119) == nil)
    #expect(target(9, 3, pitch: 40, bytes: 116) != nil, "the last row may end with its last pixel")
    #expect(target(9, 3, pitch: 40, bytes: 115) == nil)
    #expect(target(10, 3, pitch: 39, bytes: 120) == nil)
    #expect(target(10, 4, pitch: 40, bytes: 120) == nil)
    #expect(target(1, 1, pitch: 0, bytes: 0) == nil)
  }

  @Test("collects what it is behind by, and at the limit all of it in one box")
  func damage() {
    var damage = Damage()
    damage.add(Box(x: 1, y: 1, width: 0, height: 5))
    #expect(damage.isEmpty)
    damage.add(Box(x: 10, y: 10, width: 10, height: 10))
    damage.add(Box(x: 12, y: 12, width: 2, height: 2))
    #expect(damage.boxes == [Box(x: 10, y: 10, width: 10, height: 10)])
    damage.add(Box(x: 0, y: 0, width: 30, height: 30))
    #expect(damage.boxes == [Box(x: 0, y: 0, width: 30, height: 30)])
    for index in 1...AppLimits.damageBoxes { damage.add(Box(x: 100 * index, y: 0, width: 10, height: index)) }
    #expect(damage.boxes == [Box(x: 0, y: 0, width: 100 * AppLimits.damageBoxes + 10, height: AppLimits.damageBoxes)])
  }
}

@Suite("A screen's turn")
struct ScreenRotationTests {
  @Test("leads from the picture to the panel and back", arguments: ScreenRotation.allCases)
  func boxes(rotation: ScreenRotation) {
    let panel = ScreenSize(width: 5, height: 3)
    let size = rotation.size(of: panel)
    #expect(rotation.size(of: size) == panel)
    for y in 0..<size.height {
      for x in 0..<size.width {
        let box = rotation.panelBox(of: Box(x: x, y: y, width: 1, height: 1), panel: panel)
        #expect(Box(x: 0, y: 0, width: 5, height: 3).contains(box))
        #expect(
          rotation.picturePoint(of: ScreenPoint(x: box.x, y: box.y), panel: panel) == ScreenPoint(x: x, y: y))
      }
    }
  }

  @Test("is clockwise: the picture's top left corner goes to the panel's top right one at 90 degrees")
  func clockwise() {
    let panel = ScreenSize(width: 1920, height: 1080)
    let corner = Box(x: 0, y: 0, width: 1, height: 1)
    #expect(ScreenRotation.right.panelBox(of: corner, panel: panel) == Box(x: 1919, y: 0, width: 1, height: 1))
    #expect(ScreenRotation.upsideDown.panelBox(of: corner, panel: panel) == Box(x: 1919, y: 1079, width: 1, height: 1))
    #expect(ScreenRotation.left.panelBox(of: corner, panel: panel) == Box(x: 0, y: 1079, width: 1, height: 1))
  }

  @Test(
    "leaves a size that a screen cannot have out",
    arguments: [
      (527, 296, true), (160, 90, false), (16, 9, false), (0, 0, false), (1600, 900, true), (527, 527, false),
    ])
  func physicalSize(width: Int, height: Int, isBelieved: Bool) {
    let size = PhysicalSize(told: width, height, pixels: .fullHD)
    #expect((size != nil) == isBelieved)
    #expect(size?.turned(.right).widthMillimetres == size?.heightMillimetres)
    #expect(size?.turned(.upsideDown) == size)
  }
}

@Suite("A framebuffer")
struct FramebufferPresenterTests {
  private final class FakeFramebuffer: FramebufferDevice, @unchecked Sendable {
    var shape: FramebufferForm
    var error: Int32?
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 8)
    var isOpen = false

    init(_ shape: FramebufferForm) {
      self.shape = shape
      memory.initializeMemory(as: UInt8.self, repeating: 0x11)
    }

    deinit { memory.deallocate() }

    func form() throws(CardError) -> FramebufferForm {
      if let error { throw CardError(code: error) }
      return shape
    }

    func close() { isOpen = false }
  }

  private static let shape = FramebufferForm(
    size: ScreenSize(width: 32, height: 20), pitch: 80, offset: 160, bitsPerPixel: 16, format: .rgb565, width: 160,
    height: 100)

  private func presenter(_ device: FakeFramebuffer) -> FramebufferPresenter {
    FramebufferPresenter(path: "/dev/fb0", rotation: .none) { (_) throws(CardError) in
      if let error = device.error { throw CardError(code: error) }
      device.isOpen = true
      return device
    }
  }

  private func scene(_ colour: UInt32, _ size: ScreenSize = shape.size) -> Scene {
    let dot = Box(x: 3, y: 4, width: 1, height: 1)
    return Scene(
      size: size, background: Colour(0xF80000),
      elements: [.rectangle(.init(box: dot, colour: Colour(colour)))])
  }

  @Test("shows pictures behind its offset, by its rows' length, and only what changed")
  func showing() throws {
    let device = FakeFramebuffer(Self.shape)
    let presenter = presenter(device)
    var now = MonotonicTime(milliseconds: 5)
    try presenter.advance(at: now)
    #expect(presenter.size == Self.shape.size)
    #expect(presenter.physicalSize == nil, "160 by 100 is an aspect ratio")
    presenter.show(scene(0x0000F8))
    try presenter.advance(at: now)
    func pixel(_ x: Int, _ y: Int) -> UInt16 {
      device.memory.load(fromByteOffset: 160 + 80 * y + 2 * x, as: UInt16.self)
    }
    #expect(pixel(0, 0) == 0xF800 && pixel(31, 19) == 0xF800 && pixel(3, 4) == 0x001F)
    #expect(device.memory[159] == 0x11 && device.memory[160 + 64] == 0x11 && device.memory[160 + 80 * 20] == 0x11)
    // The console writes somewhere, and for a while nobody sees it.
    device.memory.storeBytes(of: 0x7777, toByteOffset: 160, as: UInt16.self)
    presenter.show(scene(0x00FC00))
    try presenter.advance(at: now)
    #expect(pixel(0, 0) == 0x7777 && pixel(3, 4) == 0x07E0)
    now = now.adding(milliseconds: AppLimits.framebufferMilliseconds)
    try presenter.advance(at: now)
    #expect(pixel(0, 0) == 0xF800)
    presenter.close()
    #expect(!device.isOpen)
  }

  @Test("that is missing, locked or of unknown pixels says so, and is used when that has passed")
  func faults() throws {
    for (code, fault) in [
      (ENOENT, ScreenFault.noFramebuffer(path: "/dev/fb0")), (ENODEV, .noFramebuffer(path: "/dev/fb0")),
      (EACCES, .notAllowed(path: "/dev/fb0")),
    ] {
      let device = FakeFramebuffer(Self.shape)
      device.error = code
      let presenter = presenter(device)
      var now = MonotonicTime(milliseconds: 5)
      try presenter.advance(at: now)
      #expect(presenter.fault == fault)
      device.error = nil
      now = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
      try presenter.advance(at: now)
      #expect(presenter.fault == nil)
    }
    for spoil in [{ $0.format = nil }, { $0.offset = 1 << 20 }, { $0.pitch = 63 }] as [(inout FramebufferForm) -> Void]
    {
      let device = FakeFramebuffer(Self.shape)
      spoil(&device.shape)
      let presenter = presenter(device)
      try presenter.advance(at: MonotonicTime(milliseconds: 5))
      #expect(presenter.fault == .unknownPixels(path: "/dev/fb0", bitsPerPixel: 16))
      #expect(!device.isOpen)
    }
  }

  @Test("follows another resolution, and its own disappearance")
  func changes() throws {
    let device = FakeFramebuffer(Self.shape)
    let presenter = presenter(device)
    var now = MonotonicTime(milliseconds: 5)
    try presenter.advance(at: now)
    device.shape.size = ScreenSize(width: 16, height: 10)
    now = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
    try presenter.advance(at: now)
    #expect(presenter.size == ScreenSize(width: 16, height: 10))
    device.error = ENODEV
    now = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
    try presenter.advance(at: now)
    #expect(presenter.size == nil)
    #expect(presenter.fault == .noFramebuffer(path: "/dev/fb0"))
  }
}
