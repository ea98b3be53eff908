// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("kiosk calibrate", .serialized) struct CalibrateCommandTests {
  /// A phone that sends five times a second for so long.
  private func recording(seconds: Int, dBm: Int8, in folder: Folder) throws -> String {
    let iPhone: [UInt8] = [2, 0x01, 0x1A, 10, 0xFF, 0x4C, 0x00, 0x10, 0x05, 1, 2, 3, 4, 5]
    var bytes = BtsnoopWriter.fileHeader
    for n in 0..<seconds * 5 {
      let report: [UInt8] =
        [0x04, 0x3E, UInt8(12 + iPhone.count), 2, 1, 0, 1, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0x46, UInt8(iPhone.count)]
        + iPhone + [UInt8(bitPattern: dBm)]
      #expect(
        BtsnoopWriter.append(report, microseconds: Int64(n) * 200_000, isReceived: true, drops: 0, to: &bytes))
    }
    let file = folder.path + "/\(seconds).btsnoop"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }

  @Test("A recording of a phone at 2 m gives lines that the settings file takes, and no address") func recording()
    throws
  {
    let folder = try Folder()
    let file = try recording(seconds: 40, dBm: -61, in: folder)
    let result = try Program.run("calibrate", file)
    #expect(result.code == 0, "\(result.messages)")
    #expect(result.output == "[near]\nios_dbm = -61\nother_dbm = -72\n")
    #expect(result.messages.contains("ios       -61 dBm    79 values  measured"), "\(result.messages)")
    let settings = try ConfigurationFile(path: try folder.write("kiosk.toml", result.output)).load()
    #expect(settings.people.near.iosDBm == -61)

    let json = try Program.run("calibrate", "--json", file)
    let report = try JSONDecoder().decode(CalibrationReport.self, from: Data(json.output.utf8))
    #expect(report.ios.thresholdDBm == -61 && report.android.thresholdDBm == nil && !report.isRunning)
    for text in [result.output, result.messages, json.output, json.messages] {
      #expect(!text.lowercased().contains("a5:a4") && !text.lowercased().contains("a5a4"))
    }
  }

  @Test("Too short a recording, an empty one, and phones under the floor are refused with what to do") func refused()
    throws
  {
    let folder = try Folder()
    let short = try Program.run("calibrate", try recording(seconds: 20, dBm: -61, in: folder))
    #expect(short.code == 1 && short.output.isEmpty)
    #expect(short.messages.contains("39 of iPhones") && short.messages.contains("half a minute"), "\(short.messages)")
    let none = try Program.run("calibrate", try recording(seconds: 0, dBm: -61, in: folder))
    #expect(none.code == 1 && none.messages.contains("no phone was heard"))
    let weak = try Program.run("calibrate", "--floor", "-60", try recording(seconds: 40, dBm: -61, in: folder))
    #expect(weak.code == 1 && weak.messages.contains("lower --floor"))
    #expect(try Program.run("calibrate", "/no/such/file").code == 1)
    #expect(try Program.run("calibrate", "--floor", "5").code == 64)
    #expect(try Program.run("calibrate", "--seconds", "5").code == 64)
    #expect(try Program.run("calibrate", "--data", folder.path).code == 69)
  }

  @Test("The running kiosk is calibrated by one at a time; Ctrl-C ends it with what it has") func running() throws {
    let folder = try Folder()
    let kiosk = try Program.start(["run", "--demo", "--quiet", "--data", folder.path])
    #expect(
      try eventually {
        try Program.run("status", "--json", "--data", folder.path).output.contains("\"state\":\"running\"")
      })
    let first = try Program.start(["calibrate", "--json", "--seconds", "600", "--data", folder.path])
    // Were the second quicker, the first would be refused.
    #expect(
      try eventually {
        let answer = try ControlSocket.ask(.calibration, dataFolder: folder.path).map { Data($0.utf8) }
        return try answer.map { try JSONDecoder().decode(CalibrationAnswer.self, from: $0).report.isRunning } ?? false
      })
    #expect(
      try eventually {
        let second = try Program.run("calibrate", "--data", folder.path)
        return second.code == 1 && second.messages.contains("being calibrated already")
      })
    usleep(2_000_000)
    kill(first.process.processIdentifier, SIGINT)
    let ended = try first.finish()
    let report = try JSONDecoder().decode(CalibrationReport.self, from: Data(ended.output.utf8))
    #expect(!report.isRunning && report.isHearing && !report.strongest.isEmpty, "\(ended.messages)")
    #expect(ended.code == (report.settingsLines.isEmpty ? 1 : 0))
    #expect(try kiosk.terminate().code == 0)
  }
}
