// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@Suite("A box")
struct ScreenBoxTests {
  private let box = Box(x: 10, y: 20, width: 100, height: 50)

  @Test("is cut from each side")
  func cutting() {
    var rest = box
    #expect(rest.takeTop(10, gap: 5) == Box(x: 10, y: 20, width: 100, height: 10))
    #expect(rest == Box(x: 10, y: 35, width: 100, height: 35))
    #expect(rest.takeBottom(10, gap: 5) == Box(x: 10, y: 60, width: 100, height: 10))
    #expect(rest == Box(x: 10, y: 35, width: 100, height: 20))
    #expect(rest.takeLeft(30, gap: 2) == Box(x: 10, y: 35, width: 30, height: 20))
    #expect(rest == Box(x: 42, y: 35, width: 68, height: 20))
    #expect(rest.takeRight(30, gap: 2) == Box(x: 80, y: 35, width: 30, height: 20))
    #expect(rest == Box(x: 42, y: 35, width: 36, height: 20))
  }

  @Test("gives no more than it has")
  func cuttingTooMuch() {
    var rest = box
    #expect(rest.takeTop(60, gap: 5) == box)
    #expect(rest.isEmpty)
    rest = box
    #expect(rest.takeRight(101, gap: 5) == box)
    #expect(rest.isEmpty)
  }

  @Test("is cut into columns that fill it")
  func columns() {
    let columns = box.columns([1, 2, 1], gap: 4)
    #expect(columns.map(\.width) == [23, 46, 23])
    #expect(columns.last?.maxX == box.maxX)
    for (left, right) in zip(columns, columns.dropFirst()) { #expect(right.x == left.maxX + 4) }
    #expect(box.columns([]).isEmpty)
  }

  @Test("touches a box beside it without intersecting it")
  func neighbours() {
    #expect(!box.intersects(Box(x: 110, y: 20, width: 5, height: 5)))
    #expect(box.intersects(Box(x: 109, y: 69, width: 5, height: 5)))
    #expect(!box.intersects(Box(x: 50, y: 30, width: 0, height: 5)))
  }
}
