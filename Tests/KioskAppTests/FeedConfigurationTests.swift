// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing
import Tracer

@testable import KioskApp

@Suite("The feed's settings") struct FeedConfigurationTests {
  private static let key = String(repeating: "0123456789abcdef", count: 4)
  private static let good = "[feed]\nurl = \"https://feed.example.vn/hn/\"\nregion = \"VN-HN\"\nkeys = [\"\(key)\"]\n"

  private func message(_ text: String) -> String {
    do {
      _ = try ConfigurationFile.parse(text, path: "kiosk.toml")
      return "accepted"
    } catch {
      return error.description
    }
  }

  @Test("are read as the health office gives them") func good() throws {
    let text =
      Self.good
      + "proxy = \"http://p:3128\"\nca_file = \"/ca.pem\"\npoll_seconds = 60\nstall_seconds = 5\ntotal_seconds = 100\n"
    let feed = try ConfigurationFile.parse(text, path: "kiosk.toml").feed
    #expect(feed.url == "https://feed.example.vn/hn/" && feed.region == "VN-HN" && feed.isConfigured)
    #expect(feed.keys.map(\.hex) == [Self.key] && feed.proxy == "http://p:3128" && feed.caFile == "/ca.pem")
    #expect(feed.schedule.intervalMilliseconds == 60_000 && feed.stallSeconds == 5 && feed.totalSeconds == 100)
  }

  @Test("without a URL are those of a kiosk that is fed from a stick") func stick() throws {
    let feed = try ConfigurationFile.parse("[feed]\nregion = \"VN\"\nkeys = [\"\(Self.key)\"]", path: "kiosk.toml").feed
    #expect(!feed.isConfigured && feed.region == "VN")
  }

  @Test(
    "that are not allowed are refused with their line",
    arguments: [
      ("url = \"http://feed.example.vn/\"", "kiosk.toml:2: feed.url must be the address"),
      ("url = \"file:///etc/\"", "kiosk.toml:2: feed.url must be"),
      ("url = \"https://\"", "kiosk.toml:2: feed.url must be"),
      ("url = \"https://u:p@x/\"", "kiosk.toml:2: feed.url must be"),
      ("url = \"https://x/?a\"", "kiosk.toml:2: feed.url must be"),
      ("region = \"Hanoi\"", "kiosk.toml:2: feed.region must be capital"),
      ("keys = \"\(key)\"", "kiosk.toml:2: feed.keys must be a list"),
      ("keys = [\"\(key.dropLast())\"]", "kiosk.toml:2: feed.keys must be a list"),
      ("keys = [5]", "kiosk.toml:2: feed.keys must be a list"),
      ("poll_seconds = 59", "kiosk.toml:2: feed.poll_seconds must be a whole number from 60"),
      ("url = \"https://x/\"", "kiosk.toml:2: feed.url needs feed.region and feed.keys"),
      ("region = \"VN\"\nurl = \"https://x/\"", "kiosk.toml:3: feed.url needs feed.region and feed.keys"),
    ])
  func refused(text: String, expected: String) {
    #expect(message("[feed]\n" + text).hasPrefix(expected), "\(message("[feed]\n" + text))")
  }

  @Test("A question for a sync is read as it was written") func control() {
    #expect(ControlRequest(rawValue: ControlRequest.f0Sync.rawValue) == .f0Sync)
    #expect(ControlRequest(rawValue: "f0-sync now") == nil)
  }
}
