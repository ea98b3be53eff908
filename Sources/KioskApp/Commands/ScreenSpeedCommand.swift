// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Tracer

/// What the screen costs, measured: an hour of the rotation in simulated time, with people coming and going, drawn into
/// memory as for a screen. For developers: scripts/report-screen.
struct ScreenSpeedCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "screen-speed", abstract: "Measure what drawing the pages costs.", shouldDisplay: false)

  @OptionGroup var options: SettingsOptions

  @Option(help: "Pixels, such as 1920x1080.")
  var size = "1920x1080"

  @Option(help: "How many minutes of the rotation.")
  var minutes = 60

  func run() throws {
    guard let size = ScreenSize(parsing: size) else { throw ValidationError("--size must be WIDTHxHEIGHT in pixels") }
    let settings = try options.settings()
    let memoryBefore = Self.residentKibibytes
    let (begin, beginCPU) = (Self.seconds(CLOCK_MONOTONIC), Self.seconds(CLOCK_PROCESS_CPUTIME_ID))
    do throws(DisplayError) {
      let canvas = try Canvas(size: size)
      let sample = PageSample(site: settings.site)
      guard var state = sample.state(of: "home") else { return }
      try canvas.draw(state.scene(size: size))
      let firstPage = Self.seconds(CLOCK_MONOTONIC) - begin
      let startCPU = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)

      var rotation = PageRotation(
        settings: settings.screen.pages, firstLanguage: .vietnamese, appParts: 0, at: MonotonicTime(milliseconds: 0))
      var (pixels, longest, settled) = (0, 0.0, memoryBefore)
      for second in 1...max(1, minutes * 60) {
        let now = MonotonicTime(milliseconds: Int64(second) * 1000)
        rotation.advance(to: now)
        // A phone without the app each two minutes, a Bluezoner each forty seconds; figures change each three.
        if second.isMultiple(of: 120) { rotation.callToInstall(at: now) }
        if second.isMultiple(of: 40) { rotation.welcome(at: now) }
        state.page = rotation.page
        state.language = rotation.language
        state.takeover = rotation.takeover
        state.isWelcoming = rotation.isWelcoming
        state.clock.time = Self.clock(second)
        state.figures.peopleAround = 20 + second / 3 % 9
        state.figures.bluezonersNear = second / 7 % 5
        let frame = Self.seconds(CLOCK_PROCESS_CPUTIME_ID)
        let drawn = try canvas.draw(state.scene(size: size))
        longest = max(longest, Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - frame)
        pixels += drawn.reduce(0) { $0 + $1.width * $1.height }
        if second == 600 { settled = Self.residentKibibytes }
      }
      let cpu = Self.seconds(CLOCK_PROCESS_CPUTIME_ID) - startCPU
      let memory = Self.residentKibibytes
      print("size: \(size), \(minutes) min")
      print(
        "first page: \(Self.rounded(firstPage * 1000)) ms after the command began, \(Self.rounded((startCPU - beginCPU) * 1000)) of the processor"
      )
      print("processor: \(Self.rounded(100 * cpu / Double(minutes * 60))) % of a core on average")
      print("longest frame: \(Self.rounded(longest * 1000)) ms of processor time")
      print("pixels drawn a second: \(pixels / (minutes * 60)) of \(size.width * size.height)")
      print("memory for drawing: \(Self.rounded(Double(memory - memoryBefore) / 1024)) MiB")
      print("growth after the first ten minutes: \(memory - settled) KiB")
    } catch {
      throw Exit.failure(error)
    }
  }

  private static func clock(_ second: Int) -> String {
    func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(two(8 + second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
  }

  private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The second number of /proc/self/statm counts pages. Source: proc(5).
  private static var residentKibibytes: Int {
    guard let bytes = try? Files.read("/proc/self/statm", limit: 4096) else { return 0 }
    let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) / 1024 : 0
  }
}
