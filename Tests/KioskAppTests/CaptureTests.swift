// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import Synchronization
import Testing
import Tracer

@testable import KioskApp

/// A transport that remembers what it is asked, and tells what a test wants.
private final class RecordingTransport: HCITransport {
  struct State {
    var sent: [[UInt8]] = []
    var tell: (@Sendable (TransportNews) -> Void)?
    var isClosed = false
  }
  let state = Mutex(State())

  func open(_ tell: @escaping @Sendable (TransportNews) -> Void) { state.withLock { $0.tell = tell } }
  func send(_ packet: [UInt8]) { state.withLock { $0.sent.append(packet) } }
  func close() { state.withLock { $0.isClosed = true } }
  func tell(_ news: TransportNews) { state.withLock { $0.tell }?(news) }
}

private func records(_ file: [UInt8]) throws -> [BtsnoopReader.Record] {
  var reader = try BtsnoopReader(file)
  var records: [BtsnoopReader.Record] = []
  while let record = try reader.next() { records.append(record) }
  return records
}

private func contents(_ path: String) throws -> [UInt8] { try Files.read(path, limit: 1 << 30) }

private func mode(_ path: String) -> mode_t? {
  var facts = stat()
  return stat(path, &facts) == 0 ? facts.st_mode & 0o7777 : nil
}

@Suite("Recording of HCI packets") struct CaptureTests {
  let event: [UInt8] = [4, 0x0E, 4, 1, 3, 0x0C, 0]
  let reset: [UInt8] = [1, 3, 0x0C, 0]

  @Test("Everything passes as it came, and is noted on its way") func wraps() throws {
    let inner = RecordingTransport()
    let capture = Capture()
    let transport = CapturingTransport(inner, into: capture)
    let told = Mutex<[String]>([])
    transport.open { news in
      // Noted before it is told.
      let packets = capture.recording().packets
      told.withLock { $0.append("\(news) \(packets)") }
    }
    inner.tell(.opened)
    transport.send(reset)
    inner.tell(.packets([event, event]))
    inner.tell(.failed(.closed))
    transport.close()
    #expect(inner.state.withLock { $0.sent } == [reset] && inner.state.withLock { $0.isClosed })
    #expect(
      told.withLock { $0 } == [
        "opened 0", "\(TransportNews.packets([event, event])) 3", "\(TransportNews.failed(.closed)) 3",
      ])
    let noted = try records(capture.recording().file)
    #expect(noted.map(\.packet) == [reset, event, event] && noted.map(\.isReceived) == [false, true, true])
    let now = Date().timeIntervalSince1970 * 1e6
    #expect(noted.allSatisfy { abs(Double($0.microseconds) - now) < 60e6 })
  }

  @Test("A receiver that makes the radio wait makes it wait here too") func backPressure() {
    let inner = RecordingTransport()
    let transport = CapturingTransport(inner, into: Capture())
    let mayGoOn = DispatchSemaphore(value: 0)
    let isTold = DispatchSemaphore(value: 0)
    transport.open { _ in mayGoOn.wait() }
    let event = event
    Thread {
      inner.tell(.packets([event]))
      isTold.signal()
    }.start()
    #expect(isTold.wait(timeout: .now() + .milliseconds(100)) == .timedOut)
    // While the receiver is behind, sending goes on.
    transport.send(reset)
    #expect(inner.state.withLock { $0.sent } == [reset])
    mayGoOn.signal()
    isTold.wait()
  }

  @Test("The file holds what was noted, mode 0600, and is never made over another") func file() throws {
    let folder = try Folder()
    let path = folder.path + "/a.btsnoop"
    let ends = Mutex<[CaptureFile.End]>([])
    let file = try CaptureFile(path: path) { end in ends.withLock { $0.append(end) } }
    for step in 0..<5000 {
      file.append(step.isMultiple(of: 2) ? event : reset, microseconds: Int64(step), isReceived: step.isMultiple(of: 2))
    }
    file.close()
    file.append(event, microseconds: 0, isReceived: true)
    file.close()
    let noted = try records(contents(path))
    #expect(noted.count == 5000 && noted.map(\.microseconds) == Array(0..<5000))
    #expect(mode(path) == 0o600)
    let end = try #require(ends.withLock { $0.first })
    #expect(ends.withLock { $0.count } == 1 && end.packets == 5000 && end.dropped == 0 && end.isExpected)
    let before = try contents(path)
    #expect(throws: FileError.self) { try CaptureFile(path: path) { _ in } }
    #expect(try contents(path) == before)
    symlink("/tmp/no-such-file-\(getpid())", folder.path + "/link")
    #expect(throws: FileError.self) { try CaptureFile(path: folder.path + "/link") { _ in } }
  }

  @Test("At its limit it ends with whole records, and says so once") func sizeLimit() throws {
    let folder = try Folder()
    let path = folder.path + "/a.btsnoop"
    for extra in [0, 1, 30, 31] {
      unlink(path)
      let ends = Mutex<[CaptureFile.End]>([])
      // Room for ten records of 24 + 7 bytes.
      let file = CaptureFile(descriptor: try Files.openNew(path), path: path, sizeLimit: 16 + 10 * 31 + extra) { end in
        ends.withLock { $0.append(end) }
      }
      for step in 0..<20 { file.append(event, microseconds: Int64(step), isReceived: true) }
      let expected = extra < 31 ? 10 : 11
      #expect(eventually { ends.withLock { $0.count } == 1 })
      file.close()
      #expect(try records(contents(path)).count == expected)
      let end = try #require(ends.withLock { $0.first })
      #expect(ends.withLock { $0.count } == 1 && end.packets == expected && !end.isExpected)
      #expect(end.description.contains("at its limit of 0 MiB") && end.description.contains(path))
    }
  }

  @Test("A full disk ends it, once, with a reason") func full() throws {
    let ends = Mutex<[CaptureFile.End]>([])
    let fd = open("/dev/full", O_WRONLY | O_CLOEXEC)
    try #require(fd >= 0)
    let file = CaptureFile(descriptor: fd, path: "/x/a.btsnoop") { end in ends.withLock { $0.append(end) } }
    for _ in 0..<1000 { file.append(event, microseconds: 0, isReceived: true) }
    #expect(eventually { ends.withLock { $0.count } == 1 })
    file.close()
    let end = try #require(ends.withLock { $0.first })
    #expect(ends.withLock { $0.count } == 1 && end.reason == .failed(errno: ENOSPC))
    #expect(end.description.contains("/x/a.btsnoop") && end.description.contains("free some space"))
  }

  @Test("A disk that is too slow costs packets, counted in the records after, and nobody's time") func slow() throws {
    var pipeEnds: [Int32] = [-1, -1]
    try #require(pipe(&pipeEnds) == 0)
    let ends = Mutex<[CaptureFile.End]>([])
    let file = CaptureFile(descriptor: pipeEnds[1], path: "a", queueLimit: 10_000) { end in
      ends.withLock { $0.append(end) }
    }
    let packet: [UInt8] = [2] + [UInt8](repeating: 0, count: 975)
    // The pipe takes 64 KiB, the queue 10 at a time twice: of 500 packets most are left out.
    for step in 0..<500 { file.append(packet, microseconds: Int64(step), isReceived: true) }
    let received = Mutex<[UInt8]>([])
    let isRead = DispatchSemaphore(value: 0)
    let readEnd = pipeEnds[0]
    Thread {
      var chunk = [UInt8](repeating: 0, count: 1 << 16)
      while case let count = read(readEnd, &chunk, chunk.count), count > 0 {
        received.withLock { $0 += chunk[..<count] }
      }
      isRead.signal()
    }.start()
    var last: Int64 = 500
    #expect(
      eventually {
        file.append(packet, microseconds: last, isReceived: true)
        last += 1
        return received.withLock { $0.count } > 90_000
      })
    file.append(packet, microseconds: last, isReceived: true)
    file.close()
    isRead.wait()
    close(readEnd)
    let bytes = received.withLock { $0 }
    let noted = try records(bytes)
    let end = try #require(ends.withLock { $0.first })
    #expect(end.dropped > 300 && !end.isExpected && end.packets == noted.count)
    #expect(noted.count + end.dropped == Int(last) + 1)
    for (index, record) in noted.enumerated() {
      let offset = 16 + index * 1000
      let drops = bytes[offset + 12..<offset + 16].reduce(0) { $0 << 8 | Int($1) }
      #expect(drops == Int(record.microseconds) - index)
    }
  }

  @Test("A disk that takes nothing does not hold the kiosk's end up for ever") func stuck() throws {
    var pipeEnds: [Int32] = [-1, -1]
    try #require(pipe(&pipeEnds) == 0)
    let ends = Mutex<[CaptureFile.End]>([])
    let file = CaptureFile(descriptor: pipeEnds[1], path: "a") { end in ends.withLock { $0.append(end) } }
    for _ in 0..<200 {
      file.append([2] + [UInt8](repeating: 0, count: 1000), microseconds: 0, isReceived: true)
    }
    file.close(waitingMilliseconds: 50)
    #expect(ends.withLock { $0.map(\.reason) } == [.stuck])
    // Later it can: nothing is told twice.
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while read(pipeEnds[0], &chunk, chunk.count) > 0 {}
    close(pipeEnds[0])
    file.close()
    #expect(ends.withLock { $0.count } == 1)
  }

  @Test("The answer over the control socket is whole or nothing") func answer() throws {
    var ring = PacketRing(bytes: 1000, packets: 10, ageMilliseconds: 10)
    for _ in 0..<3 {
      ring.append(event, microseconds: 0x0A0A_0A0A, isReceived: true, at: .init(milliseconds: 0))
    }
    let recording = ring.recording(at: .init(milliseconds: 0))
    let answer = CaptureAnswer(recording).bytes(with: recording.file)
    let (head, file) = try #require(CaptureAnswer.parse(answer))
    #expect(file == recording.file && head == CaptureAnswer(recording) && head.packets == 3)
    for count in 0..<answer.count { #expect(CaptureAnswer.parse(Array(answer.prefix(count))) == nil) }
    #expect(CaptureAnswer.parse(answer + [0]) == nil)
    #expect(CaptureAnswer.parse(Array("{}\n".utf8)) == nil)
  }

  @Test("A long answer comes whole; one beyond the limit is refused") func longAnswer() throws {
    let folder = try Folder()
    var long = (0..<2048).map { UInt8(truncatingIfNeeded: $0 >> 3) }
    while long.count < 8 << 20 { long += long }
    let server = ControlServer(dataFolder: folder.path) { [long] in $0 == .capture ? long : [] }
    try server.listen()
    defer { server.close() }
    #expect(try ControlSocket.exchange(.capture, dataFolder: folder.path, limit: long.count) == long)
    #expect(throws: FileError.self) {
      try ControlSocket.exchange(.capture, dataFolder: folder.path, limit: long.count - 1)
    }
    #expect(try ControlSocket.exchange(.status, dataFolder: folder.path, limit: 10) == [])
    #expect(try ControlSocket.ask(.status, dataFolder: folder.path) == nil)
  }

  @Test("A client that asks and never reads does not keep others out") func deafClient() throws {
    let folder = try Folder()
    let long = [UInt8](repeating: 1, count: 8 << 20)
    let server = ControlServer(dataFolder: folder.path) { $0 == .capture ? long : [7] }
    try server.listen()
    defer { server.close() }
    let fd = try #require(ControlSocket.stream())
    defer { close(fd) }
    try #require(
      ControlSocket.withAddress(ControlSocket.path(dataFolder: folder.path)) { connect(fd, $0, $1) } == 0)
    #expect(ControlSocket.send(fd, Array("capture\n".utf8)))
    #expect(try ControlSocket.exchange(.status, dataFolder: folder.path, limit: 10) == [7])
  }
}

/// The program as a technician runs it.
@Suite("Recording with the program", .serialized) struct CaptureProgramTests {
  private func reports(_ file: String) throws -> Int {
    let replay = try Program.run("replay", "--json", file)
    #expect(replay.code == 0, "\(replay.messages)")
    let json = try JSONSerialization.jsonObject(with: Data(replay.output.utf8)) as? [String: Any]
    #expect(json?["malformed"] as? Int == 0)
    return json?["reports"] as? Int ?? 0
  }

  private func size(_ path: String) -> off_t {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts.st_size : 0
  }

  private let who = ["--operator", "Lê Văn Ba", "--reason", "radio trouble"]

  @Test("A demo with --capture records what replay and btmon read; capture saves the newest meanwhile")
  func demo() throws {
    let folder = try Folder()
    let data = folder.path + "/data"
    let file = folder.path + "/run.btsnoop"
    let saved = folder.path + "/saved.btsnoop"
    // BlueZ 5.66's btmon ends with a segmentation fault at any ATT Read By Type request.
    let config = try folder.write("kiosk.toml", "[radio]\nread_iphones = false\n")
    let running = try Program.start(
      [
        "run", "--demo", "--config", config, "--data", data, "--display", "none", "--capture", file,
      ] + who)
    #expect(eventually { size(file) > 4000 })

    let capture = try Program.start(["capture", "-o", saved, "--data", data] + who).finish()
    #expect(capture.code == 0 && capture.output.isEmpty && capture.messages.contains("addresses and ids"))
    #expect(mode(saved) == 0o600)
    let before = try contents(saved)
    let again = try Program.start(["capture", "-o", saved, "--data", data] + who).finish()
    #expect(again.code == 1 && again.messages.contains("never overwritten"), "\(again.messages)")
    #expect(try contents(saved) == before)
    let nowhere = try Program.start(["capture", "-o", folder.path + "/none/x", "--data", data] + who).finish()
    #expect(nowhere.code == 1 && nowhere.messages.contains("/none/x"))

    let audit = try Store(dataFolder: data, access: .look).audit().filter { $0.action == "capture" }
    #expect(
      audit.map(\.outcome) == ["attempted", "done", "attempted", "done", "attempted", "failed", "attempted", "failed"])
    #expect(audit.allSatisfy { $0.operatorName == "Lê Văn Ba" } && audit[5].detail.contains("never overwritten"))

    let end = try running.terminate()
    #expect(end.code == 0, "\(end.messages)")
    #expect(end.messages.contains("every packet is recorded in \(file)") && end.messages.contains("delete it"))
    #expect(end.messages.contains("capture \(file) ended") && end.messages.contains("given out"))
    #expect(mode(file) == 0o600)
    #expect(try reports(file) > 0)
    #expect(try reports(saved) > 0)
    let whole = try records(contents(file))
    // The first is the host's reset, and the controller's answer follows it.
    #expect(whole.first?.packet == [1, 3, 0x0C, 0] && whole.first?.isReceived == false)
    #expect(
      whole.contains { $0.isReceived }
        && zip(whole, whole.dropFirst()).allSatisfy { $0.microseconds <= $1.microseconds })
    // What was saved is a part of it, without gaps.
    #expect(try whole.contains(records(before)))
    try checkWithBtmon(file, packets: whole.count)
    try checkWithBtmon(saved, packets: records(before).count)
  }

  @Test("Without --capture no recording is made") func notAsked() throws {
    let folder = try Folder()
    let running = try Program.start(["run", "--demo", "--data", folder.path, "--display", "none"])
    #expect(try eventually { try Program.run("status", "--data", folder.path).code == 0 })
    #expect(try running.terminate().code == 0)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    for file in files {
      let bytes = try contents(folder.path + "/" + file)
      #expect(!bytes.starts(with: Array("btsnoop".utf8)), "\(file)")
    }
  }

  @Test("A capture that cannot be made is a problem in status, and the kiosk goes on") func cannot() throws {
    let folder = try Folder()
    let taken = try folder.write("taken", "mine")
    for (path, words) in [(taken, "never overwritten"), ("/no/such/folder/x", "check the path")] {
      let running = try Program.start(
        ["run", "--demo", "--data", folder.path, "--display", "none", "--capture", path] + who)
      #expect(
        try eventually {
          let status = try Program.run("status", "--data", folder.path)
          return status.code == 0 && status.output.contains("no capture: cannot create \(path)")
            && status.output.contains(words)
        })
      #expect(try running.terminate().code == 0)
    }
    #expect(try contents(taken) == Array("mine".utf8))
  }

  @Test("Where no kiosk runs, capture says so with 69 and makes nothing") func notRunning() throws {
    let folder = try Folder()
    let output = folder.path + "/x"
    let result = try Program.start(["capture", "-o", output, "--data", folder.path] + who).finish()
    #expect(result.code == 69 && result.messages.contains("not running"))
    #expect(!Files.isThere(output))
    #expect(try Program.start(["capture", "--data", folder.path] + who).finish().code == 64)
    #expect(try Program.run("capture", "-o", output, "--data", folder.path).code == 64)
    let run = try Program.run("run", "--demo", "--capture", output, "--data", folder.path)
    #expect(run.code == 64 && run.messages.contains("--operator and --reason"))
    #expect(!Files.isThere(output))
  }

  /// BlueZ's own reader must find the same number of packets, and nothing wrong with any.
  private func checkWithBtmon(_ file: String, packets: Int) throws {
    let btmon = "/usr/bin/btmon"
    guard access(btmon, X_OK) == 0 else {
      print("not checked with btmon: it is not installed (package bluez)")
      return
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: btmon)
    process.arguments = ["-r", file]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let text = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let lines = text.split(separator: "\n")
    #expect(lines.count { $0.hasPrefix("< ") || $0.hasPrefix("> ") } == packets)
    for word in ["invalid packet", "malformed", "Unknown packet"] { #expect(!text.contains(word)) }
  }
}
