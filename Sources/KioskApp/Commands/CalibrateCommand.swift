// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Foundation
import Glibc
import KioskCore
import Synchronization
import Tracer

struct CalibrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calibrate", abstract: "Measure the near thresholds, from phones held at 2 m.",
    discussion: """
      Stand 2 m from the kiosk with phones in your hand, screens on, Bluetooth on, and turn round slowly once while it \
      listens. Send everybody else out of the room, or far enough to be much weaker. The running kiosk listens, and goes \
      on with its work meanwhile; with FILE a btsnoop recording is read instead, and no kiosk need run. The result is the \
      section [near] of the settings file, on stdout.
      """)

  @OptionGroup var options: SettingsOptions

  @Argument(help: "A btsnoop recording of HCI packets (data link 1002), instead of the running kiosk.")
  var file: String?

  @Option(help: "How long to listen, 30 to \(CoreLimits.calibrationSeconds). Ctrl-C ends it sooner, with what it has.")
  var seconds: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Phones that are weaker take no part, dBm (-100 to -20).", valueName: "dbm"))
  var floor = Int(NearCalibration.defaultFloorDBm)

  @Flag(help: "One JSON object with the figures and the strongest phones.")
  var json = false

  private static let usualSeconds = 90

  func validate() throws {
    guard (-100 ... -20).contains(floor) else { throw ValidationError("--floor must be -100 to -20 dBm.") }
    if let seconds, !(30...CoreLimits.calibrationSeconds).contains(seconds) {
      throw ValidationError("--seconds must be 30 to \(CoreLimits.calibrationSeconds).")
    }
    if file != nil, seconds != nil { throw ValidationError("A recording has its own length; leave out --seconds.") }
  }

  func run() throws {
    let settings = try options.settings()
    do {
      let report = try file.map { try read($0, settings) } ?? listen(settings)
      if json { print(JSONLine.text(report)) }
      for line in report.phones() { Exit.message(line) }
      if !json { for line in report.settingsLines { print(line) } }
      guard !report.settingsLines.isEmpty else { throw Exit.failure(report.whyNothing) }
      Exit.message("Put this in place of the same lines of the settings file, and start the kiosk anew.")
    } catch let code as ExitCode {
      throw code
    } catch let failure as BtsnoopReader.Failure {
      throw Exit.failure("\(file ?? ""): \(failure)")
    } catch {
      throw Exit.failure(error)
    }
  }

  // MARK: A recording

  private func read(_ file: String, _ settings: Settings) throws -> CalibrationReport {
    var reader = try BtsnoopReader(try Files.read(file, limit: AppLimits.recordingBytes))
    var replay = Replay(settings: settings)
    replay.calibration = NearCalibration(settings: settings.people, floorDBm: Double(floor))
    do throws(BtsnoopReader.Failure) {
      while let record = try reader.next() { replay.add(record) }
    } catch {
      Exit.message("\(file): \(error). What came before it is used.")
    }
    return replay.calibration?.report ?? CalibrationReport()
  }

  // MARK: The running kiosk

  private func listen(_ settings: Settings) throws -> CalibrationReport {
    let isInterrupted = Mutex(false)
    let signals = SignalWatch([SIGINT, SIGTERM]) { isInterrupted.withLock { $0 = true } }
    defer { signals.cancel() }
    let start = ControlRequest.calibrate(seconds: seconds ?? Self.usualSeconds, floorDBm: floor)
    var answer = try ask(start, settings)
    guard answer.isNew else {
      throw Exit.failure(
        "the kiosk is being calibrated already, for \(answer.report.secondsLeft) s more; try again after that")
    }
    if !answer.report.isHearing {
      _ = try? ask(.calibrationEnd, settings)
      throw Exit.failure("the kiosk hears nothing: kiosk status says why")
    }
    Exit.message("Listening for \(answer.report.secondsLeft) s. Hold the phones at 2 m and turn round slowly, once.")
    while answer.report.isRunning {
      usleep(1_000_000)
      let isOver = isInterrupted.withLock { $0 }
      answer = try ask(isOver ? .calibrationEnd : .calibration, settings)
      show(answer.report)
    }
    return answer.report
  }

  /// One line that changes on a terminal; elsewhere one each ten seconds.
  private func show(_ report: CalibrationReport) {
    guard isatty(STDERR_FILENO) == 1 else {
      if report.secondsLeft % 10 == 0 { Exit.message(report.progress) }
      return
    }
    FileHandle.standardError.write(Data("\r\(report.progress)\u{1B}[K\(report.isRunning ? "" : "\n")".utf8))
  }

  private func ask(_ request: ControlRequest, _ settings: Settings) throws -> CalibrationAnswer {
    guard let text = try ControlSocket.ask(request, dataFolder: settings.dataFolder) else {
      throw Exit.failure(
        "not running (data folder \(settings.dataFolder)); start the kiosk, or give a recording", code: Exit.notRunning)
    }
    guard let answer = try? JSONDecoder().decode(CalibrationAnswer.self, from: Data(text.utf8)) else {
      throw Exit.failure("the running kiosk's answer cannot be read; is it of another version?")
    }
    return answer
  }
}

/// What the running kiosk says to every question about its calibration.
struct CalibrationAnswer: Codable {
  var report: CalibrationReport
  /// False when one was asked for while another ran, which then goes on.
  var isNew = true

  enum CodingKeys: String, CodingKey { case report, isNew = "new" }
}

extension CalibrationReport {
  fileprivate var progress: String {
    func words(_ name: String, _ figures: Figures) -> String {
      "\(name) \(figures.values) values" + (figures.thresholdDBm.map { ", \($0) dBm" } ?? "")
    }
    return "\(secondsLeft) s left; \(NearCalibration.leastValues) values of a platform are needed: "
      + "\(words("Android", android)); \(words("iPhone", ios))"
  }

  /// A line for each of the strongest, so that who holds two phones sees that two were measured.
  fileprivate func phones() -> [String] {
    strongest.map { sender in
      "\(sender.platform.padded(to: 7))  \("\(sender.medianDBm)".padded(to: 4, .right)) dBm  "
        + "\("\(sender.values)".padded(to: 4, .right)) values  \(sender.isHeld ? "measured" : "left out")"
    }
  }

  fileprivate var whyNothing: String {
    guard isHearing else { return "the kiosk hears nothing: kiosk status says why" }
    guard !strongest.isEmpty else {
      return "no phone was heard: switch on its Bluetooth and its screen, and open an app that uses it"
    }
    return "too few values: \(android.values) of Android phones and \(ios.values) of iPhones, and "
      + "\(NearCalibration.leastValues) of either are needed. Hold the phones at 2 m, screens on, for half a minute or "
      + "longer; lower --floor if they are weaker than that"
  }
}
