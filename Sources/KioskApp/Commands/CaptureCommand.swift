// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Tracer

struct CaptureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "capture", abstract: "Save the running kiosk's newest HCI packets. Exit 69 when none runs.",
    discussion: """
      Writes what the kiosk heard and said over the last 30 seconds as a btsnoop file for btmon and Wireshark. The \
      running kiosk holds these packets in memory alone. The file contains the Bluetooth address and the ids of \
      everybody in reach: delete it after use.
      """)

  @OptionGroup var options: SettingsOptions

  @Option(name: .shortAndLong, help: "The file to make (mode 0600). One that is there is never overwritten.")
  var output: String

  func run() throws {
    let settings = try options.settings()
    let answer: [UInt8]?
    do {
      answer = try ControlSocket.exchange(
        .capture, dataFolder: settings.dataFolder, limit: AppLimits.captureAnswerBytes)
    } catch {
      throw Exit.failure(error)
    }
    guard let answer else {
      throw Exit.failure("not running (data folder \(settings.dataFolder))", code: Exit.notRunning)
    }
    guard let (head, file) = CaptureAnswer.parse(answer) else {
      throw Exit.failure("the running kiosk's answer cannot be read; try again, or is it of another version?")
    }
    do throws(FileError) {
      let fd = try Files.openNew(output)
      var code = Files.writeAll(fd, file)
      if close(fd) != 0, code == 0 { code = errno }
      guard code == 0 else {
        unlink(output)
        throw FileError("cannot write", path: output, errno: code)
      }
    } catch {
      throw Exit.failure(error)
    }
    Exit.message(
      "\(head.packets) packets in \(output), with the addresses and ids in them; delete it after use")
    if head.dropped > 0 { Exit.message("\(head.dropped) packets were left out: too large") }
  }
}
