// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation
import KioskCore
import Testing

@testable import KioskApp

/// The program as a receptionist or a technician runs it: real processes, real files.
@Suite("Commands", .serialized) struct CommandTests {
  @Test("ids prints one id a line; a bad key is a usage error") func ids() throws {
    let key = "929574d33a2cd3f35a0b182fa21ea2159a967cc3c87f5bc4b9baffe6b872bc6b"
    let all = try Program.run("ids", "--daily-key", key)
    let lines = all.output.split(separator: "\n")
    #expect(all.code == 0 && lines.count == 96)
    #expect(lines.first == "d56342c09af6bdddc9e79108" && lines.last == "36152851d8019ddd866523f3")
    #expect(
      try Program.run("ids", "--daily-key", key.uppercased(), "--slots", "2").output.split(separator: "\n").count == 2)
    for bad in [["--daily-key", "12"], ["--daily-key", key, "--slots", "0"], []] {
      #expect(try Program.start(["ids"] + bad).finish().code == 64)
    }
  }

  @Test("Without a running kiosk status says so with 69") func notRunning() throws {
    let folder = try Folder()
    let result = try Program.run("status", "--data", folder.path)
    #expect(result.code == 69 && result.messages.contains("not running") && result.output.isEmpty)
  }

  @Test("Of a clock that was not looked at yet status does not say that it is not synchronised") func waitingClock() {
    var clock = Status().clock
    #expect(clock.state(isSynchronised: false).hasPrefix("not synchronised"))
    clock.isWaiting = true
    #expect(clock.state(isSynchronised: false).hasPrefix("not known until the log"))
    clock.isWaiting = false
    clock.isDoubtful = true
    #expect(clock.state(isSynchronised: false).hasPrefix("in doubt"))
  }

  @Test("Commands on a folder without a log say so and make nothing") func noLog() throws {
    let folder = try Folder()
    let file = try folder.write("f0.json", "{\"data\": []}")
    // Also where the clock would be a reason, too.
    for arguments in [
      ["exposures"], ["f0", "list"], ["f0", "import", file, "--operator", "An", "--reason", "test"], ["log", "add"],
    ] {
      let result = try Program.start(arguments + ["--data", folder.path + "/data"]).finish()
      #expect(result.code == 1 && result.messages.contains("there is no database"), "\(result.messages)")
    }
    // What was typed wrongly comes before everything.
    for arguments in [["--since", "xyz"], ["--until", "25:00"], ["add", "--at", "xyz"]] {
      let result = try Program.start(["log"] + arguments + ["--data", folder.path + "/data"]).finish()
      #expect(result.code == 64 && result.messages.contains("\(arguments[arguments.count - 1]) is no time"))
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/data"))
  }

  @Test("A configuration with an unknown key stops every command with its line") func badConfiguration() throws {
    let folder = try Folder()
    let file = try folder.write("kiosk.toml", "[radio]\nadress = \"hci:0\"\n")
    for command in ["run", "status", "exposures"] {
      let result = try Program.run(command, "--config", file)
      #expect(result.code == 1 && result.messages.contains("kiosk.toml:2: unknown key radio.adress"))
    }
  }

  @Test("A data folder that cannot be used is said, and the kiosk runs without") func badFolder() throws {
    let folder = try Folder()
    let file = try folder.write("file", "")
    for path in [file, file + "/data", folder.path + "/absent/data"] {
      let running = try Program.start(["run", "--demo", "--data", path, "--display", "none"])
      usleep(1_500_000)
      #expect(running.process.isRunning)
      let end = try running.terminate()
      #expect(end.code == 0 && end.messages.contains("disk: "), "\(end.messages)")
      #expect(end.messages.contains(path) || end.messages.contains(file), "\(end.messages)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["file"])
  }

  @Test(
    "Wrong flags are usage errors",
    arguments: [
      ["run", "--radio", "usb"], ["run", "--display", "tv"], ["run", "--size", "0x0"],
      ["run", "--demo", "--radio", "hci:0"],
      ["render", "home", "--lang", "fr", "-o", "x.png"], ["render", "nowhere", "-o", "x.png"], ["dance"],
    ])
  func usage(arguments: [String]) throws { #expect(try Program.start(arguments).finish().code == 64) }

  @Test("The demo runs, answers, keeps a second kiosk out, survives kill -9 and ends at SIGTERM") func demo() throws {
    let folder = try Folder()
    let arguments = ["run", "--demo", "--data", folder.path, "--display", "png:" + folder.path + "/png"]
    var running = try Program.start(arguments)
    func status() throws -> [String: Any]? {
      let result = try Program.run("status", "--json", "--data", folder.path)
      guard result.code == 0 else { return nil }
      return try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    }
    #expect(try eventually { (try status()?["people_around"] as? Int ?? 0) >= 1 })
    let words = try Program.run("status", "--data", folder.path)
    #expect(words.output.contains("DEMO") && words.output.contains("running, advertising, scanning"))

    let publicKey = String(repeating: "0123456789abcdef", count: 4)
    let other = try Folder()
    let feed = try other.write(
      "kiosk.toml", "[feed]\nurl = \"https://feed.example.vn/hn/\"\nregion = \"VN-HN\"\nkeys = [\"\(publicKey)\"]\n")
    let sync = try Program.run("f0", "sync", "--data", folder.path, "--config", feed)
    #expect(
      sync.code == 1 && sync.messages.contains("the data folder \(folder.path) is the demo"), "\(sync.messages)")

    let second = try Program.start(arguments).finish()
    #expect(second.code == 1 && second.messages.contains("another kiosk is running"))

    let key = try Data(contentsOf: URL(fileURLWithPath: folder.path + "/base-key.json"))
    kill(running.process.processIdentifier, SIGKILL)
    _ = try running.finish()
    #expect(try Program.run("status", "--data", folder.path).code == 69)

    running = try Program.start(arguments)
    #expect(try eventually { try status() != nil })
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/base-key.json")) == key)
    let end = try running.terminate()
    #expect(end.code == 0 && end.output.isEmpty, "\(end.code) \(end.messages)")
    #expect(FileManager.default.fileExists(atPath: folder.path + "/png/screen.png"))
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/control.sock"))
  }

  @Test("render writes the page, and says why it cannot") func render() throws {
    let folder = try Folder()
    let file = folder.path + "/home.png"
    #expect(try Program.run("render", "home", "--lang", "en", "--size", "800x480", "-o", file).code == 0)
    let header = try Data(contentsOf: URL(fileURLWithPath: file)).prefix(24)
    #expect(Array(header.prefix(4)) == [0x89, 0x50, 0x4E, 0x47])
    #expect(Array(header.suffix(8)) == [0, 0, 3, 32, 0, 0, 1, 224])
    let refused = try Program.run("render", "home", "-o", "/no/such/folder/x.png")
    #expect(refused.code == 1 && refused.messages.contains("/no/such/folder"))
  }

  @Test("replay refuses what is no recording, and reads a damaged one up to the damage") func replay() throws {
    let folder = try Folder()
    let text = try Program.run("replay", try folder.write("text", "hello"))
    #expect(text.code == 1 && text.messages.contains("not a btsnoop file"))
    #expect(try Program.run("replay", "/no/such/file").code == 1)
    var bytes = Data("btsnoop".utf8) + [0, 0, 0, 0, 1, 0, 0, 0x03, 0xEA]
    bytes += [0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0xE2, 0x82, 0x4C, 0x1D, 0x63, 0x4D, 0x3A]
    bytes += [4, 0x0E, 4, 1, 3, 0x0C, 0]
    let file = folder.path + "/cut.btsnoop"
    try bytes.dropLast(0).write(to: URL(fileURLWithPath: file))
    #expect(try Program.run("replay", file).code == 0)
    try (bytes + [0, 0, 0]).write(to: URL(fileURLWithPath: file))
    let cut = try Program.run("replay", "--json", file)
    #expect(cut.code == 1 && cut.messages.contains("record 2 at byte 47 is damaged"), "\(cut.messages)")
    #expect(cut.output.contains("\"reports\":0"))
  }
}
