// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@testable import KioskApp

@Suite("The kiosk's output lines") struct GPIOOutputLinesTests {
  private static let green = LineAddress.name("GPIO17")
  private static let amber = LineAddress.name("GPIO27")
  private static let buzzer = LineAddress.chip(label: "pinctrl-bcm2711", offset: 22)
  private static let unplugged = LineError.system(amber, errno: 19)

  private let board = MemoryLine.Board()

  private func open(_ wiring: OutputLines.Wiring) -> OutputLines {
    OutputLines(wiring) { (address, activeLow) throws(LineError) in
      try board.open(address, activeLow: activeLow)
    }
  }

  private func openAll(activeLow: Bool = false) throws -> OutputLines {
    open(try .from(green: "GPIO17", amber: "GPIO27", buzzer: "pinctrl-bcm2711:22", activeLow: activeLow))
  }

  @Test("Every wired line is opened, inactive, with its active low") func wiredLinesAreOpened() throws {
    let lines = open(
      .init(green: .init(address: Self.green, activeLow: true), buzzer: .init(address: Self.buzzer)))
    #expect(lines.faults.isEmpty)
    #expect(
      board.timeline == [
        .init(Self.green, .opened(activeLow: true)), .init(Self.buzzer, .opened(activeLow: false)),
      ])
    lines.close()
    #expect(board.openCount == 0)
  }

  @Test("A kiosk without lines runs as well") func noLinesAreFine() {
    let lines = open(.init())
    #expect(lines.apply(LineStates(green: true, amber: true, buzzer: true)).isEmpty)
    #expect(lines.faults.isEmpty && board.timeline.isEmpty)
    #expect(lines.close().isEmpty)
  }

  @Test("Each state reaches the line of its name") func statesReachTheirLines() throws {
    let lines = try openAll()
    lines.apply(LineStates(green: true))
    #expect(board.activeLines == [Self.green])
    lines.apply(LineStates(amber: true, buzzer: true))
    #expect(board.activeLines == [Self.amber, Self.buzzer])
    lines.apply(.allInactive)
    #expect(board.activeLines.isEmpty)
    lines.close()
  }

  @Test("Only a line that changes is set") func onlyChangesAreSet() throws {
    let counter = CountingLine()
    let lines = OutputLines(.init(green: .init(address: Self.green))) { _, _ in counter }
    lines.apply(.allInactive)
    #expect(counter.settings == [])
    for _ in 0..<3 { lines.apply(LineStates(green: true, amber: true)) }
    #expect(counter.settings == [true])
    lines.apply(LineStates(green: false, buzzer: true))
    #expect(counter.settings == [true, false])
    lines.close()
    #expect(counter.settings == [true, false])
    #expect(counter.closings == 1)
  }

  @Test("A line that cannot be opened is told, and the others work") func unopenedLineIsTold() throws {
    board.failOpening(Self.amber, with: .noLine(name: "GPIO27"))
    let lines = try openAll()
    #expect(lines.faults == [.init(role: .amber, error: .noLine(name: "GPIO27"))])
    #expect(lines.faults.first?.description.hasPrefix("Line amber: No GPIO line is called 'GPIO27'.") == true)
    #expect(lines.apply(LineStates(green: true, amber: true, buzzer: true)).isEmpty)
    #expect(board.activeLines == [Self.green, Self.buzzer])
    lines.close()
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
  }

  @Test("Two lines at one address: the second is told to be busy") func oneAddressTwiceIsTold() throws {
    let lines = open(try .from(green: "GPIO17", amber: "GPIO17", buzzer: nil, activeLow: false))
    #expect(lines.faults == [.init(role: .amber, error: .busy(Self.green, holder: GpiodLine.consumer))])
    lines.close()
    #expect(board.openCount == 0)
  }

  @Test("A line that cannot be set is told once, tried again, and does not stop the others")
  func unsetLineIsToldOnce() throws {
    let lines = try openAll()
    board.failSetting(Self.amber, with: Self.unplugged)
    let all = LineStates(green: true, amber: true, buzzer: true)
    #expect(lines.apply(all) == [.init(role: .amber, error: Self.unplugged)])
    #expect(board.activeLines == [Self.green, Self.buzzer])
    #expect(lines.apply(all).isEmpty)
    #expect(lines.faults == [.init(role: .amber, error: Self.unplugged)])

    board.failSetting(Self.amber, with: nil)
    #expect(lines.apply(all).isEmpty)
    #expect(lines.faults.isEmpty)
    #expect(board.activeLines == [Self.green, Self.amber, Self.buzzer])

    board.failSetting(Self.amber, with: Self.unplugged)
    #expect(lines.apply(.allInactive) == [.init(role: .amber, error: Self.unplugged)])
    lines.close()
  }

  @Test(
    "Closing makes every line inactive and gives it back, even when one throws",
    arguments: [
      green, amber, buzzer,
    ])
  func closingEndsEveryLine(failing: LineAddress) throws {
    let lines = try openAll()
    lines.apply(LineStates(green: true, amber: true, buzzer: true))
    board.failSetting(failing, with: .system(failing, errno: 5))
    #expect(lines.close().map(\.error) == [.system(failing, errno: 5)])
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
    #expect(board.timeline.filter { $0.kind == .closed }.count == 3)
  }

  @Test("Closing tells of a line that failed before and still does") func closingTellsOfALastingFault() throws {
    let lines = try openAll()
    lines.apply(LineStates(amber: true))
    board.failSetting(Self.amber, with: Self.unplugged)
    #expect(lines.apply(.allInactive).count == 1)
    #expect(lines.close() == [.init(role: .amber, error: Self.unplugged)])
  }

  @Test("After closing nothing is set, and closing again does nothing") func closedStaysClosed() throws {
    let lines = try openAll()
    lines.close()
    let events = board.timeline
    #expect(lines.apply(LineStates(green: true)).isEmpty)
    #expect(lines.close().isEmpty && lines.faults.isEmpty)
    #expect(board.timeline == events)
  }

  @Test("Lines that are forgotten are closed") func forgottenLinesAreClosed() throws {
    do {
      let lines = try openAll()
      lines.apply(LineStates(green: true, buzzer: true))
      #expect(board.activeLines.count == 2)
    }
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
  }

  @Test("Staff's line is a line like the others") func staffLine() throws {
    var settings = Settings().lines
    settings.staff = .init(address: "GPIO5", activeLow: true)
    let lines = open(try OutputLines.Wiring(settings))
    lines.apply(LineStates(green: true, staff: true))
    #expect(board.activeLines == [.name("GPIO5")])
    lines.close()
    #expect(board.openCount == 0)
  }

  @Test("An address of the configuration that is none is refused") func badWiringIsRefused() {
    var lines = Settings().lines
    lines.green.address = "GPIO17"
    lines.buzzer.address = "17"
    #expect(throws: LineAddressError.bareNumber("17")) { try OutputLines.Wiring(lines) }
  }

  @Test("Any run of states ends with no line open and none active", arguments: UInt64(1)...50)
  func anyRunEndsInactive(seed: UInt64) throws {
    var random = seed
    func next(_ bound: UInt64) -> UInt64 {
      random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (random >> 33) % bound
    }
    let addresses = [Self.green, Self.amber, Self.buzzer]
    for address in addresses where next(4) == 0 { board.failOpening(address, with: .notAllowed(address)) }
    let lines = try openAll(activeLow: next(2) == 0)
    for _ in 0..<200 {
      let address = addresses[Int(next(3))]
      board.failSetting(address, with: next(3) == 0 ? .system(address, errno: 5) : nil)
      let states = LineStates(green: next(2) == 0, amber: next(2) == 0, buzzer: next(2) == 0)
      lines.apply(states)
      // What is open and without a fault is as it was asked to be.
      let faulty = Set(lines.faults.map(\.role))
      #expect(faulty.contains(.green) || board.activeLines.contains(Self.green) == states.green)
      #expect(faulty.contains(.amber) || board.activeLines.contains(Self.amber) == states.amber)
      #expect(faulty.contains(.buzzer) || board.activeLines.contains(Self.buzzer) == states.buzzer)
    }
    lines.close()
    #expect(board.openCount == 0 && board.activeLines.isEmpty)
  }
}

/// Counts what it is told, also what changes nothing.
private final class CountingLine: OutputLine, @unchecked Sendable {
  // Used by one test on one thread.
  private(set) var settings: [Bool] = []
  private(set) var closings = 0

  func set(_ active: Bool) throws(LineError) { settings.append(active) }

  func close() { closings += 1 }
}

extension OutputLines.Wiring {
  /// All three lines with one polarity.
  fileprivate static func from(green: String?, amber: String?, buzzer: String?, activeLow: Bool) throws -> Self {
    var lines = Settings().lines
    lines.green = .init(address: green, activeLow: activeLow)
    lines.amber = .init(address: amber, activeLow: activeLow)
    lines.buzzer = .init(address: buzzer, activeLow: activeLow)
    return try Self(lines)
  }
}
