// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Pixels
import Testing
import Tracer

@testable import KioskApp

@Suite("A DRM presenter")
struct DRMPresenterTests {
  static let small = DisplayMode(width: 64, height: 48, refresh: 60, isPreferred: true, timings: [1])
  static let wide = DisplayMode(width: 96, height: 48, refresh: 60, isPreferred: true, timings: [2])

  /// A presenter on a machine, with a time that is moved by hand.
  final class Bench {
    let machine: FakeMachine
    let presenter: DRMPresenter
    var now = MonotonicTime(milliseconds: 1_000_000)
    /// The picture that was last asked for.
    var scene: Scene?

    init(
      _ cards: [FakeCardModel] = [FakeCardModel([Bench.connector()])], named name: String? = nil,
      rotation: ScreenRotation = .none
    ) {
      machine = FakeMachine(cards)
      presenter = DRMPresenter(cards: machine.source, connectorName: name, rotation: rotation)
    }

    static func connector(
      _ id: UInt32 = 1, _ name: String = "HDMI-A-1", modes: [DisplayMode] = [small]
    ) -> Connector {
      Connector(
        id: id, name: name, state: modes.isEmpty ? .disconnected : .connected, modes: modes, width: 160, height: 120,
        possibleCRTCs: [50, 51])
    }

    var card: FakeCardModel { machine.card }

    /// Lets time pass; the presenter is called when it wants to be, at most every millisecond.
    func advance(_ milliseconds: Int64 = 0) throws {
      let end = now.adding(milliseconds: milliseconds)
      repeat {
        try presenter.advance(at: now)
        card.completeFlips()
        try presenter.advance(at: now)
        guard let next = presenter.nextDeadline, next <= end, now < end else { break }
        now = max(next, now.adding(milliseconds: 1))
      } while now < end
      now = end
    }

    /// Shows another picture of the presenter's size.
    func show(_ number: Int) throws {
      let size = try #require(presenter.size)
      let box = Box(x: 3 + number % 20, y: 5, width: 20, height: 9)
      let scene = Scene(
        size: size, background: Colour(0x102030),
        elements: [
          .rectangle(.init(box: box, colour: Colour(UInt32(0xFF0000 + number)))),
          .rectangle(.init(box: Box(x: 0, y: 0, width: 2, height: 1), colour: Colour(0x00FF00))),
        ])
      self.scene = scene
      presenter.show(scene)
    }

    /// Whether a person sees the picture at the controller.
    func isSeen(_ crtc: UInt32 = 50) throws -> Bool {
      guard let scene, let seen = card.seen(crtc) else { return false }
      let canvas = try Canvas(size: scene.size)
      try canvas.draw(scene)
      return canvas.pixels.map { UInt32($0.red) << 16 | UInt32($0.green) << 8 | UInt32($0.blue) } == seen
    }
  }

  @Test("shows the first picture with the mode, and the next by flips, of which each shows the whole picture")
  func showing() throws {
    let bench = Bench()
    try bench.advance()
    #expect(bench.presenter.size == Self.small.size)
    #expect(bench.presenter.fault == nil)
    #expect(bench.card.seen(50) == nil, "nothing is shown before there is something to show")
    for number in 0..<9 {
      try bench.show(number)
      try bench.advance(100)
      #expect(try bench.isSeen(), "picture \(number)")
    }
    #expect(bench.card.calls.filter { $0.hasPrefix("mode") }.count == 1)
    #expect(bench.card.calls.filter { $0 == "flip" }.count == 8)
  }

  @Test("does nothing for a picture that is equal to the one that is seen")
  func equal() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance(50)
    let calls = bench.card.calls
    for _ in 0..<5 {
      try bench.show(1)
      try bench.advance(50)
    }
    #expect(bench.card.calls == calls)
  }

  @Test("shows the newest picture after a flip, and none of those between")
  func newest() throws {
    let bench = Bench()
    try bench.advance()
    for number in 0..<6 {
      try bench.show(number)
      try bench.presenter.advance(at: bench.now)
    }
    #expect(bench.card.calls.filter { $0 == "flip" }.count == 1)
    try bench.advance(10)
    try bench.advance(10)
    #expect(try bench.isSeen())
    #expect(bench.card.calls.filter { $0 == "flip" }.count == 2)
  }

  @Test("sets the mode again when a flip does not end, and shows the picture")
  func flipTimeout() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance(10)
    try bench.show(2)
    try bench.presenter.advance(at: bench.now)
    // The event is lost.
    bench.card.flips = []
    bench.now = bench.now.adding(milliseconds: AppLimits.flipMilliseconds - 1)
    try bench.presenter.advance(at: bench.now)
    #expect(try !bench.isSeen())
    bench.now = bench.now.adding(milliseconds: 1)
    try bench.presenter.advance(at: bench.now)
    #expect(try bench.isSeen())
    #expect(bench.card.calls.suffix(2) == ["off", "mode 64x48"])
  }

  @Test("shows pictures with the mode on a driver that never ends a flip, or refuses all", arguments: [true, false])
  func withoutFlips(areRefused: Bool) throws {
    let bench = Bench()
    if areRefused { bench.card.flipErrors = Array(repeating: EINVAL, count: 100) }
    try bench.advance()
    for number in 0..<30 {
      try bench.show(number)
      for _ in 0..<40 {
        try bench.presenter.advance(at: bench.now)
        bench.now = bench.now.adding(milliseconds: 50)
        if !areRefused { bench.card.flips = [] }
      }
      #expect(try bench.isSeen(), "picture \(number)")
    }
    let last = bench.card.calls.filter { $0 != "look" }.suffix(3)
    #expect(last == ["mode 64x48", "mode 64x48", "mode 64x48"], "without another try, and without going dark")
  }

  @Test("tries a flip again that the driver was too busy for")
  func busyFlip() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance(10)
    bench.card.flipErrors = [EBUSY, EBUSY]
    try bench.show(2)
    try bench.advance(100)
    #expect(try bench.isSeen())
    #expect(bench.card.calls.filter { $0.hasPrefix("mode") }.count == 1)
  }

  // MARK: Screens that come and go

  @Test("tells that no screen is there, and uses one that is plugged in later")
  func pluggedInLater() throws {
    let bench = Bench([FakeCardModel([Bench.connector(modes: [])])])
    try bench.advance()
    #expect(bench.presenter.fault == .noScreen)
    #expect(bench.presenter.size == nil)
    #expect(!bench.card.isOpen, "others may use the card meanwhile")
    bench.card.plug([Self.small])
    bench.presenter.hotplug(connector: nil, at: bench.now)
    try bench.advance(AppLimits.plugMilliseconds + 1)
    try bench.advance()
    #expect(bench.presenter.fault == nil)
    try bench.show(1)
    try bench.advance()
    #expect(try bench.isSeen())
  }

  @Test("finds a screen without being told of the plug")
  func polled() throws {
    let bench = Bench([FakeCardModel([Bench.connector(modes: [])])])
    try bench.advance()
    bench.card.plug([Self.small])
    try bench.advance(AppLimits.screenRetryMilliseconds + 1)
    try bench.advance()
    #expect(bench.presenter.fault == nil)
  }

  @Test("notices a screen that was unplugged, told or not", arguments: [true, false])
  func unplugged(isTold: Bool) throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.card.unplug()
    if isTold { bench.presenter.hotplug(connector: 1, at: bench.now) }
    let limit = isTold ? AppLimits.plugMilliseconds : AppLimits.screenCheckMilliseconds
    try bench.advance(limit + 1)
    try bench.advance()
    #expect(bench.presenter.fault == .noScreen)
    #expect(bench.card.buffers.isEmpty)
    bench.card.plug([Self.small])
    bench.presenter.hotplug(connector: 1, at: bench.now)
    try bench.advance(AppLimits.plugMilliseconds + 1)
    try bench.advance()
    #expect(try bench.isSeen())
  }

  @Test("sets the mode again after a replug that looks as if nothing had happened")
  func sameMode() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    // Out and in again before anybody looked: the kernel calls it connected, the mode is the same, the screen is dark.
    bench.card.unplug()
    bench.card.plug([Self.small])
    #expect(try !bench.isSeen())
    bench.presenter.hotplug(connector: nil, at: bench.now)
    try bench.advance(AppLimits.plugMilliseconds + 1)
    try bench.advance()
    #expect(try bench.isSeen())
    #expect(bench.card.calls.suffix(2) == ["off", "mode 64x48"])
    #expect(bench.presenter.fault == nil)
  }

  @Test("sets no mode for the plug of another connector")
  func otherConnector() throws {
    let bench = Bench([FakeCardModel([Bench.connector(), Bench.connector(2, "HDMI-A-2", modes: [])])])
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.presenter.hotplug(connector: 2, at: bench.now)
    try bench.advance(3000)
    #expect(bench.card.calls.filter { $0.hasPrefix("mode") }.count == 1)
  }

  @Test("does not go on for ever with a screen that pulls its plug at every mode")
  func bouncing() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    var modes = 1
    for _ in 0..<3600 {
      try bench.advance(1000)
      let count = bench.card.calls.filter { $0.hasPrefix("mode") }.count
      if count > modes || modes == 1 { bench.presenter.hotplug(connector: nil, at: bench.now) }
      modes = count
    }
    #expect(modes > 50, "a real plug is answered all the same")
    #expect(modes < 75, "once a minute in an hour, after seven that come faster")
    #expect(try bench.isSeen())
  }

  @Test("follows a screen that was exchanged for one of another size")
  func exchanged() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.card.plug([Self.wide])
    bench.presenter.hotplug(connector: nil, at: bench.now)
    try bench.advance(AppLimits.plugMilliseconds + 1)
    try bench.advance()
    #expect(bench.presenter.size == Self.wide.size)
    #expect(bench.card.buffers.count == 2, "the other two are given back")
    try bench.show(2)
    try bench.advance()
    #expect(try bench.isSeen())
  }

  @Test("takes a screen's own mode when it tells it late")
  func lateMode() throws {
    let fallback = DisplayMode(width: 32, height: 24, refresh: 60, timings: [3])
    let bench = Bench([FakeCardModel([Bench.connector(modes: [fallback])])])
    try bench.advance()
    #expect(bench.presenter.size == fallback.size)
    bench.card.plug([Self.small, fallback])
    try bench.advance(AppLimits.screenCheckMilliseconds + 1)
    try bench.advance()
    #expect(bench.presenter.size == Self.small.size)
  }

  @Test("turns to another screen when its own goes, unless it is named")
  func another() throws {
    func cards() -> [FakeCardModel] {
      [FakeCardModel([Bench.connector(), Bench.connector(2, "HDMI-A-2", modes: [Self.wide])])]
    }
    for name in [nil, "HDMI-A-1"] {
      let bench = Bench(cards(), named: name)
      try bench.advance()
      #expect(bench.presenter.size == Self.small.size)
      bench.card.unplug(0)
      bench.presenter.hotplug(connector: nil, at: bench.now)
      try bench.advance(AppLimits.plugMilliseconds + 1)
      try bench.advance()
      #expect(bench.presenter.size == (name == nil ? Self.wide.size : nil))
      #expect(bench.presenter.fault == (name == nil ? nil : .unplugged(connector: "HDMI-A-1")))
    }
  }

  @Test("lights a controller again that somebody switched off or took")
  func overridden() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.card.controllers[50] = .init(framebuffer: 7, mode: Self.small, isLit: true)
    try bench.advance(AppLimits.screenCheckMilliseconds + 1)
    try bench.advance()
    #expect(try bench.isSeen())
  }

  // MARK: Cards that cannot be used

  @Test("tells in words why there is no picture, and shows one when that has passed")
  func faults() throws {
    func check(
      _ fault: ScreenFault, words: String, _ spoil: (FakeCardModel) -> Void, _ mend: (FakeCardModel) -> Void
    ) throws {
      let bench = Bench()
      spoil(bench.card)
      try bench.advance()
      bench.presenter.show(Scene(size: Self.small.size, background: Colour(1)))
      try bench.advance()
      #expect(bench.presenter.fault == fault)
      #expect(fault.description.contains(words), "\(fault)")
      #expect(!bench.card.isOpen)
      mend(bench.card)
      try bench.advance(AppLimits.screenRetryMilliseconds + 1)
      try bench.advance()
      #expect(bench.presenter.fault == nil, "\(fault)")
      try bench.show(1)
      try bench.advance()
      #expect(try bench.isSeen(), "\(fault)")
    }
    let path = "/dev/dri/card0"
    for code in [EBUSY, EACCES, EINVAL] {
      try check(.inUse(path: path), words: "Another program", { $0.otherMaster = code }, { $0.otherMaster = nil })
    }
    for code in [EACCES, EPERM] {
      try check(
        .notAllowed(path: path), words: "group video", { $0.openError = .system(CardError(code: code)) },
        { $0.openError = nil })
    }
    try check(.noUsableCard, words: "fbdev", { $0.openError = .notForScreens }, { $0.openError = nil })
    try check(
      .noModes(connector: "HDMI-A-1"), words: "video=HDMI-A-1", { $0.connectors[0].modes = [] },
      { $0.connectors[0].modes = [Self.small] })
    try check(
      .noController(connector: "HDMI-A-1"), words: "another connector", { $0.connectors[0].possibleCRTCs = [] },
      { $0.connectors[0].possibleCRTCs = [50] })
    try check(
      .refused(doing: "the screen's resolution", reason: CardError(code: EIO).words), words: "dmesg",
      { $0.modeErrors = [EIO] }, { _ in })
    try check(
      .refused(doing: "the screen's resolution", reason: CardError(code: EINVAL).words), words: "dmesg",
      { $0.modeErrors = [EINVAL] }, { _ in })
    try check(.inUse(path: path), words: "desktop", { $0.modeErrors = [EACCES] }, { _ in })
  }

  @Test("tells that there is no card, and takes one that comes")
  func noCard() throws {
    let bench = Bench([])
    try bench.presenter.advance(at: bench.now)
    #expect(bench.presenter.fault == .noCard)
    bench.machine.cards = [FakeCardModel([Bench.connector()])]
    bench.presenter.hotplug(connector: nil, at: bench.now)
    try bench.advance(AppLimits.plugMilliseconds + 1)
    try bench.advance()
    #expect(bench.presenter.fault == nil)
  }

  @Test("goes on when the card goes")
  func cardGone() throws {
    let bench = Bench()
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.card.flipErrors = [ENODEV]
    bench.card.openError = .system(CardError(code: ENODEV))
    try bench.show(2)
    try bench.advance()
    #expect(bench.presenter.fault != nil)
    #expect(bench.presenter.size == nil)
    bench.card.openError = nil
    try bench.advance(AppLimits.screenRetryMilliseconds + 1)
    try bench.advance()
    #expect(try bench.isSeen())
  }

  @Test("passes over cards that only draw, and over connectors without a screen")
  func capability() throws {
    let renderer = FakeCardModel([])
    renderer.openError = .notForScreens
    let headless = FakeCardModel([Bench.connector(modes: [])])
    let real = FakeCardModel([
      Bench.connector(1, "DSI-1", modes: []), Bench.connector(2, "HDMI-A-1", modes: [Self.wide]),
    ])
    let bench = Bench([renderer, headless, real])
    try bench.presenter.advance(at: bench.now)
    #expect(bench.presenter.size == Self.wide.size)
    #expect(bench.presenter.words == "HDMI-A-1, 96x48 at 60 Hz")
    #expect(!headless.isOpen && real.isOpen)
  }

  @Test("names the connectors there are, of all cards, when the one in the settings is none")
  func unknownConnector() throws {
    let bench = Bench(
      [FakeCardModel([Bench.connector()]), FakeCardModel([Bench.connector(1, "DSI-1")])], named: "HDMI-A-9")
    try bench.presenter.advance(at: bench.now)
    #expect(bench.presenter.fault == .noConnector("HDMI-A-9", available: ["HDMI-A-1", "DSI-1"]))
    #expect(bench.presenter.fault?.description.contains("Use one of: HDMI-A-1, DSI-1.") == true)
  }

  @Test("takes the next mode when the card cannot do the screen's own")
  func refusedMode() throws {
    let bench = Bench([FakeCardModel([Bench.connector(modes: [Self.wide, Self.small])])])
    bench.card.impossible = [Self.wide]
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    #expect(bench.presenter.size == Self.small.size)
    try bench.show(1)
    try bench.advance()
    #expect(try bench.isSeen())
    try bench.advance(100_000)
    #expect(bench.presenter.size == Self.small.size, "and stays with it")
  }

  // MARK: Turning and ending

  @Test("turns the picture", arguments: ScreenRotation.allCases)
  func rotation(rotation: ScreenRotation) throws {
    let bench = Bench(rotation: rotation)
    try bench.advance()
    let size = rotation.size(of: Self.small.size)
    #expect(bench.presenter.size == size)
    for number in 0..<5 {
      try bench.show(number)
      try bench.advance(20)
      let canvas = try Canvas(size: size)
      try canvas.draw(try #require(bench.scene))
      let picture = canvas.pixels
      let seen = try #require(bench.card.seen(50))
      for y in 0..<48 {
        for x in 0..<64 {
          let point = rotation.picturePoint(of: ScreenPoint(x: x, y: y), panel: Self.small.size)
          let pixel = picture[point.y * size.width + point.x]
          let expected = UInt32(pixel.red) << 16 | UInt32(pixel.green) << 8 | UInt32(pixel.blue)
          if seen[y * 64 + x] != expected {
            Issue.record("picture \(number) at \(x),\(y)")
            return
          }
        }
      }
    }
  }

  @Test("shows again what was there before, and gives all back at the end")
  func ending() throws {
    let bench = Bench()
    bench.card.controllers[50] = .init(framebuffer: 7, mode: Self.small, isLit: true)
    try bench.advance()
    try bench.show(1)
    try bench.advance()
    bench.presenter.close()
    #expect(bench.card.calls.suffix(2) == ["restore 7", "close"])
    #expect(bench.card.controllers[50]?.framebuffer == 7)
    #expect(bench.card.buffers.isEmpty)
    #expect(!bench.card.isOpen)
  }

  @Test("restores nothing where nothing was, or it had shown nothing")
  func endingUnlit() throws {
    let unlit = Bench()
    unlit.card.controllers[50] = .init(framebuffer: 7, mode: Self.small, isLit: true)
    try unlit.advance()
    unlit.presenter.close()
    #expect(!unlit.card.calls.contains { $0.hasPrefix("restore") })
    let dark = Bench()
    try dark.advance()
    try dark.show(1)
    try dark.advance()
    dark.presenter.close()
    #expect(!dark.card.calls.contains { $0.hasPrefix("restore") })
    #expect(!dark.card.isOpen)
  }

  @Test("does not draw a scene of another size")
  func otherSize() throws {
    let bench = Bench()
    try bench.advance()
    bench.presenter.show(Scene(size: .fullHD, background: Colour(1)))
    try bench.advance()
    #expect(bench.card.calls.filter { $0.hasPrefix("mode") }.isEmpty)
  }
}
