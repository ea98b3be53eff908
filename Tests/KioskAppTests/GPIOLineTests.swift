// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import KioskApp

@Suite("An output line") struct GPIOLineTests {
  private let address = LineAddress.name("GPIO17")
  private let board = MemoryLine.Board()

  @Test("A line in memory records its changes in order") func changesAreRecorded() throws {
    let line = try board.open(address, activeLow: true)
    try line.set(true)
    try line.set(true)
    try line.set(false)
    line.close()
    #expect(board.timeline.map(\.kind) == [.opened(activeLow: true), .active, .inactive, .closed])
    #expect(board.timeline.allSatisfy { $0.address == address })
  }

  @Test("Opening makes no line active") func openedIsInactive() throws {
    let line = try board.open(address, activeLow: false)
    #expect(board.openCount == 1 && board.activeLines.isEmpty)
    line.close()
  }

  @Test("Closing an active line makes it inactive first") func closingMakesInactive() throws {
    let line = try board.open(address, activeLow: false)
    try line.set(true)
    #expect(board.activeLines == [address])
    line.close()
    #expect(board.timeline.map(\.kind).suffix(2) == [.inactive, .closed])
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
  }

  @Test("A line that is forgotten closes itself") func forgottenLineCloses() throws {
    do {
      let line = try board.open(address, activeLow: false)
      try line.set(true)
    }
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
  }

  @Test("A line opened twice is busy the second time") func secondOpeningIsBusy() throws {
    let line = try board.open(address, activeLow: false)
    #expect(throws: LineError.busy(address, holder: GpiodLine.consumer)) {
      try board.open(address, activeLow: false)
    }
    line.close()
    try board.open(address, activeLow: false).close()
    #expect(board.openCount == 0)
  }

  @Test("A closed line cannot be set, nor closed again after another has opened it") func closedIsClosed()
    throws
  {
    let first = try board.open(address, activeLow: false)
    first.close()
    #expect(throws: LineError.closed(address)) { try first.set(true) }
    let second = try board.open(address, activeLow: false)
    first.close()
    #expect(board.openCount == 1)
    second.close()
    #expect(board.openCount == 0)
  }

  @Test("The timeline keeps the newest events up to its limit") func timelineIsBounded() throws {
    let line = try board.open(address, activeLow: false)
    for step in 0..<MemoryLine.Board.timelineLimit { try line.set(step.isMultiple(of: 2)) }
    #expect(board.timeline.count == MemoryLine.Board.timelineLimit)
    #expect(board.timeline.first?.kind == .active)
    line.close()
    #expect(board.timeline.count == MemoryLine.Board.timelineLimit)
    #expect(board.timeline.last?.kind == .closed)
  }

  @Test("The real library refuses a name that no machine has") func missingNameIsRefused() throws {
    let missing = LineAddress.name("no-such-line")
    let error = try #require(throws: LineError.self) { try GpiodLine(missing, activeLow: false) }
    #expect([.noChips, .noLine(name: "no-such-line"), .notAllowed(missing)].contains(error))
  }

  @Test("The real library refuses a label that no machine has") func missingLabelIsRefused() throws {
    let missing = LineAddress.chip(label: "no-such-chip", offset: 0)
    let error = try #require(throws: LineError.self) { try GpiodLine(missing, activeLow: false) }
    #expect([.noChips, .noChip(label: "no-such-chip"), .notAllowed(missing)].contains(error))
  }

  @Test("The chips of this machine can be listed, be there any or none") func chipsAreListed() throws {
    for chip in try GPIOChip.all() {
      #expect(chip.device.hasPrefix("/dev/gpiochip"))
      #expect(chip.fault != nil || !chip.label.isEmpty)
    }
    #expect(GPIOChip.libraryVersion.first?.isNumber == true)
  }

  @Test(
    "A fault says which line or chip it is about",
    arguments: [
      (LineError.noChip(label: "rp1"), "rp1"), (.severalChips(label: "rp1"), "rp1"),
      (.noLine(name: "L5"), "L5"),
      (.severalLines(name: "L5"), "L5"), (.noOffset(label: "rp1", offset: 99), "99"),
      (.busy(.name("L5"), holder: "gpio-fan"), "gpio-fan"), (.busy(.name("L5"), holder: nil), "L5"),
      (.busy(.name("L5"), holder: GpiodLine.consumer), "address of its own"),
      (.notAllowed(.name("L5")), "L5"),
      (.closed(.name("L5")), "L5"), (.system(.name("L5"), errno: 19), "No such device"),
      (.noInput(.name("L5"), errno: 95), "as-is"), (.cannotList(errno: 13), "Permission denied"),
      (.noChips, "/dev/gpiochip"),
    ])
  func faultNamesItsSubject(error: LineError, word: String) {
    #expect(error.description.contains(word))
    #expect(!error.description.contains("\n"))
  }
}
