// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore

/// How a pixel lies in a screen's memory, in the machine's order of bytes.
enum PixelFormat: Equatable, CaseIterable {
  /// 32 bits, blue lowest, the highest byte unused.
  case xrgb8888
  /// 32 bits, red lowest.
  case xbgr8888
  /// 16 bits, blue lowest.
  case rgb565

  var bytes: Int { self == .rgb565 ? 2 : 4 }
}

/// Memory that a screen shows, and how pictures are copied into it.
///
/// It is only ever written, row by row in rising order: most of it is write-combined, and reading that is a hundred
/// times slower.
struct ScanoutTarget {
  /// The panel's pixels.
  let size: ScreenSize
  /// Bytes from one row to the next.
  let pitch: Int
  let format: PixelFormat
  private let memory: UnsafeMutableRawBufferPointer

  /// nil when the memory does not hold all rows.
  init?(memory: UnsafeMutableRawBufferPointer, size: ScreenSize, pitch: Int, format: PixelFormat) {
    let row = size.width * format.bytes
    guard pitch >= row, size.height > 0, memory.count >= row,
      (memory.count - row) / max(pitch, 1) >= size.height - 1
    else { return nil }
    (self.size, self.pitch, self.format, self.memory) = (size, pitch, format, memory)
  }

  /// Copies what the picture has in `box` to where the panel shows it.
  /// - Parameters:
  ///   - pixels: the picture, XRGB8888, of `rotation.size(of: size)`; rows of `sourcePitch` bytes.
  ///   - box: of the picture; what lies outside of it is left out.
  func copy(
    _ box: Box, of pixels: UnsafeRawBufferPointer, pitch sourcePitch: Int, rotation: ScreenRotation
  ) {
    let picture = rotation.size(of: size)
    guard let source = pixels.baseAddress, let target = memory.baseAddress,
      pixels.count >= sourcePitch * picture.height, sourcePitch >= 4 * picture.width
    else { return }
    let whole = Box(x: 0, y: 0, width: picture.width, height: picture.height)
    let panelBox = rotation.panelBox(of: box.clipped(to: whole), panel: size)
    guard !panelBox.isEmpty else { return }
    // Along a row of the panel the picture is walked through by these steps, bytes.
    let step: Int
    switch rotation {
    case .none: step = 4
    case .right: step = -sourcePitch
    case .upsideDown: step = -4
    case .left: step = sourcePitch
    }
    func row(_ y: Int, from x: Int, count: Int) {
      let start = rotation.picturePoint(of: ScreenPoint(x: x, y: y), panel: size)
      put(
        source + start.y * sourcePitch + 4 * start.x, step: step, count: count,
        at: target + y * pitch + x * format.bytes)
    }
    guard rotation.swapsSides else {
      for y in panelBox.y..<panelBox.maxY { row(y, from: panelBox.x, count: panelBox.width) }
      return
    }
    // Across the rows of the picture: in tiles, so that what a cache line brings is used before it goes.
    for top in stride(from: panelBox.y, to: panelBox.maxY, by: Self.tile) {
      for left in stride(from: panelBox.x, to: panelBox.maxX, by: Self.tile) {
        for y in top..<min(top + Self.tile, panelBox.maxY) {
          row(y, from: left, count: min(Self.tile, panelBox.maxX - left))
        }
      }
    }
  }

  /// Makes all of it black.
  func clear() {
    for y in 0..<size.height {
      guard let start = memory.baseAddress else { return }
      memset(start + y * pitch, 0, size.width * format.bytes)
    }
  }

  /// A cache line of pixels.
  private static let tile = 16

  private func put(
    _ source: UnsafeRawPointer, step: Int, count: Int, at target: UnsafeMutableRawPointer
  ) {
    if format == .xrgb8888, step == 4 {
      target.copyMemory(from: source, byteCount: 4 * count)
      return
    }
    var source = source
    switch format {
    case .xrgb8888:
      for index in 0..<count {
        target.storeBytes(of: source.load(as: UInt32.self), toByteOffset: 4 * index, as: UInt32.self)
        source += step
      }
    case .xbgr8888:
      for index in 0..<count {
        let pixel = source.load(as: UInt32.self)
        let swapped = pixel & 0x00FF00 | pixel >> 16 & 0xFF | (pixel & 0xFF) << 16
        target.storeBytes(of: swapped, toByteOffset: 4 * index, as: UInt32.self)
        source += step
      }
    case .rgb565:
      for index in 0..<count {
        let pixel = source.load(as: UInt32.self)
        let packed = pixel >> 8 & 0xF800 | pixel >> 5 & 0x07E0 | pixel >> 3 & 0x001F
        target.storeBytes(of: UInt16(packed), toByteOffset: 2 * index, as: UInt16.self)
        source += step
      }
    }
  }
}

extension Box {
  /// What of it is in `other`.
  func clipped(to other: Box) -> Box {
    let (left, top) = (max(x, other.x), max(y, other.y))
    return Box(x: left, y: top, width: min(maxX, other.maxX) - left, height: min(maxY, other.maxY) - top)
  }

  /// The smallest box around both; an empty one does not count.
  func union(_ other: Box) -> Box {
    if isEmpty { return other }
    if other.isEmpty { return self }
    let (left, top) = (min(x, other.x), min(y, other.y))
    return Box(x: left, y: top, width: max(maxX, other.maxX) - left, height: max(maxY, other.maxY) - top)
  }
}

/// What of a buffer is older than the picture.
struct Damage {
  private(set) var boxes: [Box] = []

  var isEmpty: Bool { boxes.isEmpty }

  /// At `AppLimits.damageBoxes` all become one.
  mutating func add(_ box: Box) {
    guard !box.isEmpty, !boxes.contains(where: { $0.contains(box) }) else { return }
    boxes.removeAll { box.contains($0) }
    boxes.append(box)
    if boxes.count > AppLimits.damageBoxes { boxes = [boxes.reduce(box) { $0.union($1) }] }
  }

  mutating func clear() { boxes.removeAll(keepingCapacity: true) }
}
