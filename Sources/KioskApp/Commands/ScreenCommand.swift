// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Synchronization

struct ScreenCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "screen", abstract: "What screens this machine has, and a picture that tests one.",
    subcommands: [List.self, Test.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the connectors, what is plugged in there, and its resolutions.")

    func run() throws {
      let paths = KernelCard.cards.paths()
      if paths.isEmpty { Exit.message("kiosk: \(ScreenFault.noCard)") }
      var isOpened = false
      for path in paths {
        do throws(Cards.CardOpening) {
          let card = try KernelCard.cards.open(path)
          defer { card.close() }
          isOpened = true
          // Without being master the kernel tells what it knew.
          let connectors = (try? card.connectors(probing: true)) ?? []
          for connector in connectors { print(Self.line(connector)) }
        } catch .notForScreens {
          Exit.message("kiosk: \(path) draws, but has no connectors")
        } catch .system(let error) {
          Exit.message("kiosk: \(path): \(error.words)")
        }
      }
      if !isOpened { throw ExitCode(1) }
    }

    private static func line(_ connector: Connector) -> String {
      let state =
        switch connector.state {
        case .connected: "screen"
        case .disconnected: "nothing"
        case .unknown: "unknown"
        }
      var sizes: [String] = []
      for mode in connector.modes {
        let text = "\(mode.size)\(mode.isInterlaced ? "i" : "")" + (mode.isPreferred ? " (its own)" : "")
        if !sizes.contains(text) { sizes.append(text) }
      }
      let size = connector.modes.first.flatMap {
        PhysicalSize(told: connector.width, connector.height, pixels: $0.size)
      }
      return ["drm:\(connector.name)", state, size?.words, sizes.joined(separator: ", ")]
        .compactMap(\.self).filter { !$0.isEmpty }.joined(separator: "  ")
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a picture that tests a screen and its touch, until Ctrl-C.",
      discussion: """
        Its border is on the outermost pixels, the bar is 100 mm long if the screen tells its size rightly, and each tap \
        is marked and printed as X Y. The kiosk must not be running on that screen.
        """)

    @OptionGroup var options: SettingsOptions

    @Option(help: "\(DisplayKind.choices); instead of the configuration's.")
    var display: String?

    @Option(help: "0, 90, 180 or 270 degrees clockwise, instead of the configuration's.")
    var rotation: Int?

    @Option(help: "Pixels of a window or picture, such as 1920x1080.")
    var size: String?

    @Option(name: .shortAndLong, help: "Write the picture into this PNG file instead.")
    var output: String?

    @Option(help: "How many mm wide the screen is, for the picture in a file.")
    var width: Int?

    func validate() throws {
      if let size, ScreenSize(parsing: size) == nil {
        throw ValidationError("--size \(size) must be WIDTHxHEIGHT in pixels, such as 1920x1080")
      }
      if let rotation, ScreenRotation(rawValue: rotation) == nil {
        throw ValidationError("--rotation must be 0, 90, 180 or 270")
      }
    }

    func run() throws {
      let settings = try options.settings()
      let size = size.flatMap(ScreenSize.init(parsing:)) ?? settings.screen.size
      let rotation = rotation.flatMap(ScreenRotation.init(rawValue:)) ?? settings.screen.rotation
      do throws(DisplayError) {
        if let output {
          let canvas = try Canvas(size: size)
          try canvas.draw(TestPicture(size: size, widthMillimetres: width.map(Double.init)).scene)
          try canvas.writePNG(to: output)
          return
        }
        let kind = try DisplayKind(parsing: display ?? settings.screen.display)
        let session = Session()
        guard let display = try kind.open(size: size, rotation: rotation, onQuit: { session.post(.end) }) else {
          throw .unknownKind("\(kind)")
        }
        try session.run(on: display)
      } catch {
        throw Exit.failure(error)
      }
    }
  }

  /// What happens to a test picture until its end.
  private final class Session: Sendable {
    enum Event: Sendable {
      case end, look
      case tap(ScreenPoint)
    }

    private let events = Mutex<[Event]>([])
    private let wake = WakePipe()

    func post(_ event: Event) {
      events.withLock { events in
        if events.count < AppLimits.touchEvents { events.append(event) }
      }
      wake.wake()
    }

    func run(on display: any Display) throws(DisplayError) {
      let signals = SignalWatch([SIGTERM, SIGINT]) { self.post(.end) }
      defer { signals.cancel() }
      display.observe(
        DisplayObserver(touched: { self.post(.tap($0)) }, sizeChanged: { self.post(.look) }))
      var taps: [ScreenPoint] = []
      var told = ""
      while true {
        let picture = TestPicture(
          size: display.size, widthMillimetres: display.physicalSize?.widthMillimetres, taps: taps)
        var words = ""
        do throws(DisplayError) {
          try display.show(picture.scene)
          words = display.words ?? ""
        } catch {
          words = error.description
        }
        if words != told, !words.isEmpty { Exit.message("kiosk: \(words)") }
        told = words
        var waiting = pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&waiting, 1, 1000)
        wake.drain()
        let waited = events.withLock { events in
          defer { events = [] }
          return events
        }
        for event in waited {
          switch event {
          case .look: break
          case .tap(let point):
            print("\(point.x) \(point.y)")
            fflush(nil)
            taps = Array((taps + [point]).suffix(TestPicture.marks))
          case .end: return try display.close()
          }
        }
      }
    }
  }
}
