// SPDX-License-Identifier: GPL-3.0-or-later
import Dispatch
import Glibc
import KioskCore
import Synchronization
import Testing
import Tracer

@testable import KioskApp

@Suite("The kiosk's input lines", .serialized) struct GPIOInputLinesTests {
  private static let pir = LineAddress.name("GPIO23")
  private static let button = LineAddress.chip(label: "pinctrl-bcm2711", offset: 24)

  private static func wire(_ address: LineAddress, debounce: Int64 = 5) -> InputLines.Wire {
    .init(address: address, options: .init(debounceMilliseconds: debounce))
  }

  private static func now() -> MonotonicTime {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return MonotonicTime(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  @Test("A press that bounces reaches the core as one press")
  func press() {
    let line = MemoryInputLine(Self.button)
    let heard = Heard()
    let lines = heard.watch([.acknowledge: Self.wire(Self.button)]) { _, _ in line }
    #expect(line.waitUntilRead())
    for level in [true, false, true] { line.move(to: level, at: Self.now()) }
    #expect(heard.waitForChanges(1) == [InputChange(.acknowledge, isActive: true)])
    for level in [false, true, false] { line.move(to: level, at: Self.now()) }
    #expect(heard.waitForChanges(2).last == InputChange(.acknowledge, isActive: false))
    lines.close()
    #expect(line.isClosed && heard.faults.isEmpty && heard.changes.count == 2)
  }

  @Test("Each input has its own role and options")
  func roles() {
    let opened = Mutex<[LineAddress: InputOptions]>([:])
    let heard = Heard()
    let wiring: InputLines.Wiring = [
      .presence: .init(address: Self.pir, options: .init(bias: .pullDown, debounceMilliseconds: 100)),
      .language: .init(address: Self.button, options: .init(activeLow: true, bias: .pullUp, debounceMilliseconds: 30)),
    ]
    let button = MemoryInputLine(Self.button, isDebounced: true)
    let lines = heard.watch(wiring) { address, options in
      opened.withLock { $0[address] = options }
      return address == Self.button ? button : MemoryInputLine(address)
    }
    #expect(button.waitUntilRead())
    button.move(to: true, at: Self.now())
    #expect(heard.waitForChanges(1) == [InputChange(.language, isActive: true)])
    lines.close()
    #expect(opened.withLock { $0 } == [Self.pir: wiring[.presence]?.options, Self.button: wiring[.language]?.options])
  }

  @Test("Whoever is there at the start has come; a button that is held at the start was not pressed")
  func atTheStart() {
    let heard = Heard()
    let lines = heard.watch([.presence: Self.wire(Self.pir), .acknowledge: Self.wire(Self.button)]) { address, _ in
      MemoryInputLine(address, isActive: true)
    }
    #expect(heard.waitForChanges(1) == [InputChange(.presence, isActive: true)])
    lines.close()
    #expect(heard.changes.count == 1)
  }

  @Test("A line that cannot be opened is told, and the others work")
  func unopened() {
    let button = MemoryInputLine(Self.button)
    let heard = Heard()
    let lines = heard.watch([.presence: Self.wire(Self.pir), .acknowledge: Self.wire(Self.button)]) {
      (address, _) throws(LineError) in
      guard address == Self.button else { throw .noLine(name: "GPIO23") }
      return button
    }
    #expect(button.waitUntilRead())
    button.move(to: true, at: Self.now())
    #expect(heard.waitForChanges(1).count == 1)
    lines.close()
    #expect(heard.faults == [.line(.presence, .noLine(name: "GPIO23"))])
    #expect(heard.faults.first?.description.hasPrefix("Input presence: No GPIO line is called 'GPIO23'.") == true)
  }

  @Test("A wire that hangs in the air is given back and told, and floods nobody")
  func chatter() {
    let line = MemoryInputLine(Self.pir)
    let heard = Heard()
    let lines = heard.watch([.presence: Self.wire(Self.pir, debounce: 50)]) { _, _ in line }
    var level = false
    while !line.isClosed {
      level.toggle()
      line.move(to: level, at: Self.now())
      sched_yield()
    }
    #expect(heard.waitForFault() == .chatters(.presence, Self.pir))
    lines.close()
    #expect(heard.faults.count == 1)
    #expect(heard.changes.filter(\.isActive).count <= CoreLimits.inputChanges)
  }

  @Test("A chip that is pulled out is told, and whoever was there counts as gone")
  func unplugged() {
    let line = MemoryInputLine(Self.pir)
    let heard = Heard()
    let lines = heard.watch([.presence: Self.wire(Self.pir)]) { _, _ in line }
    #expect(line.waitUntilRead())
    line.move(to: true, at: Self.now())
    _ = heard.waitForChanges(1)
    line.fail(with: .system(Self.pir, errno: ENODEV))
    #expect(heard.waitForFault() == .line(.presence, .system(Self.pir, errno: ENODEV)))
    #expect(
      heard.waitForChanges(2) == [InputChange(.presence, isActive: true), InputChange(.presence, isActive: false)])
    lines.close()
    #expect(line.isClosed)
  }

  @Test("A kiosk without inputs has no thread for them")
  func none() {
    let heard = Heard()
    heard.watch([:]) { address, _ in MemoryInputLine(address) }.close()
    #expect(heard.changes.isEmpty && heard.faults.isEmpty)
  }

  @Test("Inputs that are forgotten are given back")
  func forgotten() {
    let line = MemoryInputLine(Self.pir)
    let heard = Heard()
    do {
      let lines = heard.watch([.presence: Self.wire(Self.pir)]) { _, _ in line }
      #expect(line.waitUntilRead())
      withExtendedLifetime(lines) {}
    }
    #expect(line.isClosed)
  }

  @Test("The wiring comes from the configuration, and an address that is none is refused")
  func wiring() throws {
    var inputs = Settings().inputs
    #expect(try InputLines.wiring(inputs).isEmpty)
    inputs.presence.address = "GPIO23"
    inputs.acknowledge.address = "pinctrl-bcm2711:24"
    let wiring = try InputLines.wiring(inputs)
    #expect(
      wiring[.presence]
        == .init(address: Self.pir, options: .init(activeLow: false, bias: .asIs, debounceMilliseconds: 30)))
    #expect(
      wiring[.acknowledge]
        == .init(address: Self.button, options: .init(activeLow: true, bias: .pullUp, debounceMilliseconds: 30)))
    #expect(wiring[.language] == nil)
    inputs.language.address = "24"
    #expect(throws: LineAddressError.bareNumber("24")) { try InputLines.wiring(inputs) }
  }

  @Test("The real library refuses an input that no machine has")
  func missing() throws {
    let missing = LineAddress.name("no-such-line")
    let error = try #require(throws: LineError.self) { try GpiodInputLine(missing, .init()) }
    #expect([.noChips, .noLine(name: "no-such-line"), .notAllowed(missing)].contains(error))
  }
}

/// What a watch has told.
private final class Heard: Sendable {
  private struct State {
    var changes: [InputChange] = []
    var faults: [InputLines.Fault] = []
  }

  private let state = Mutex(State())
  private let news = DispatchSemaphore(value: 0)

  var changes: [InputChange] { state.withLock { $0.changes } }
  var faults: [InputLines.Fault] { state.withLock { $0.faults } }

  func watch(_ wiring: InputLines.Wiring, open: @escaping InputLines.Opener) -> InputLines {
    InputLines(
      wiring, open: open,
      onChange: { change in
        self.state.withLock { $0.changes.append(change) }
        self.news.signal()
      },
      onFault: { fault in
        self.state.withLock { $0.faults.append(fault) }
        self.news.signal()
      })
  }

  func waitForChanges(_ count: Int) -> [InputChange] {
    while changes.count < count, news.wait(timeout: .now() + 30) == .success {}
    return changes
  }

  func waitForFault() -> InputLines.Fault? {
    while faults.isEmpty, news.wait(timeout: .now() + 30) == .success {}
    return faults.first
  }
}
