// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation

/// A QR reader that is not ours: `zbarimg` of zbar-tools.
enum DisplayReader {
  struct Missing: Error, CustomStringConvertible {
    var description: String { "zbarimg is missing, and these tests need it. Do: apt-get install zbar-tools" }
  }

  /// What the QR codes in a picture say, one each.
  static func read(_ picture: String) throws -> [String] {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    guard
      let program = folders.map({ "\($0)/zbarimg" }).first(where: {
        FileManager.default.isExecutableFile(atPath: $0)
      })
    else { throw Missing() }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
