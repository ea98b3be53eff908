// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Testing
import Tracer

@testable import KioskApp

/// A folder of a test's own, gone when the test is over.
final class Folder: Sendable {
  let path: String

  init() throws {
    path = try #require(TemporaryFolder("kiosk-test")).path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ name: String, _ text: String) throws -> String {
    let file = path + "/" + name
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    return file
  }
}

extension IdentityFile {
  /// As a kiosk that began in this folder has it.
  func loadOrCreate(at now: UTCTime) throws(FileError) -> BluezoneIdentity {
    if !Files.isThere(path) { try create(at: now) }
    return try load()
  }
}

/// The kiosk program as people use it.
enum Program {
  /// Beside the test bundle.
  static var path: String {
    let arguments = CommandLine.arguments
    let bundle = arguments.first { $0.hasSuffix(".xctest") } ?? arguments.first ?? ""
    return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent("kiosk").path
  }

  struct Result {
    var code: Int32
    var output: String
    var messages: String
  }

  /// Runs it to its end.
  static func run(_ arguments: String...) throws -> Result { try start(arguments).finish() }

  /// - Parameter file: where its standard output goes instead.
  static func start(_ arguments: [String], output file: String? = nil) throws -> Running {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    var environment = ProcessInfo.processInfo.environment
    environment["TZ"] = "Asia/Ho_Chi_Minh"
    process.environment = environment
    let output = Pipe()
    let messages = Pipe()
    process.standardOutput = output
    if let file {
      process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
      // Else reading it would never end.
      try output.fileHandleForWriting.close()
    }
    process.standardError = messages
    try process.run()
    return Running(process: process, output: output, messages: messages)
  }

  final class Running {
    let process: Process
    private let output: Pipe
    private let messages: Pipe

    init(process: Process, output: Pipe, messages: Pipe) {
      self.process = process
      self.output = output
      self.messages = messages
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    func finish() throws -> Result {
      let output = try output.fileHandleForReading.readToEnd() ?? Data()
      let messages = try messages.fileHandleForReading.readToEnd() ?? Data()
      process.waitUntilExit()
      return Result(
        code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: String(decoding: output, as: UTF8.self), messages: String(decoding: messages, as: UTF8.self))
    }

    func terminate() throws -> Result {
      kill(process.processIdentifier, SIGTERM)
      return try finish()
    }
  }
}

/// Tries again until the condition holds; other processes have no clock that a test could advance.
func eventually(within seconds: Double = 15, _ condition: () throws -> Bool) rethrows -> Bool {
  let end = Date().addingTimeInterval(seconds)
  while Date() < end {
    if try condition() { return true }
    usleep(50_000)
  }
  return try condition()
}
