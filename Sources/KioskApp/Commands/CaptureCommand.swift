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
      everybody in reach: delete it after use. It is put on record.
      """)

  @OptionGroup var options: SettingsOptions
  @OptionGroup var authority: OperatorOptions

  @Option(name: .shortAndLong, help: "The file to make (mode 0600). One that is there is never overwritten.")
  var output: String

  func run() throws {
    let settings = try options.settings()
    do {
      let authority = try authority.authority()
      guard try ControlSocket.isAnybodyThere(dataFolder: settings.dataFolder) else {
        throw Exit.failure("not running (data folder \(settings.dataFolder))", code: Exit.notRunning)
      }
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      let entry = AuditEntry(
        at: SystemClock(trust: .always).now().utc, action: .capture, authority: authority,
        detail: "the newest packets, into \(output)")
      let head = try store.onRecord(entry) { _, detail in
        let head = try save(dataFolder: settings.dataFolder)
        detail += ": \(head.packets) packets"
        return head
      }
      Exit.message(
        "\(head.packets) packets in \(output), with the addresses and ids in them; delete it after use")
      if head.dropped > 0 { Exit.message("\(head.dropped) packets were left out: too large") }
      store.tellAuditHead()
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  /// Gets the packets and writes the file, whole or not at all.
  private func save(dataFolder: String) throws(FileError) -> CaptureAnswer {
    let answer = try ControlSocket.exchange(.capture, dataFolder: dataFolder, limit: AppLimits.captureAnswerBytes)
    guard let answer else { throw FileError("the kiosk ended meanwhile") }
    guard let (head, file) = CaptureAnswer.parse(answer) else {
      throw FileError("the running kiosk's answer cannot be read; try again, or is it of another version?")
    }
    let fd = try Files.openNew(output)
    var code = Files.writeAll(fd, file)
    if close(fd) != 0, code == 0 { code = errno }
    guard code == 0 else {
      unlink(output)
      throw FileError("cannot write", path: output, errno: code)
    }
    return head
  }
}
