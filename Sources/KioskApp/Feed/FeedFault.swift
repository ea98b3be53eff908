// SPDX-License-Identifier: GPL-3.0-or-later

import KioskCore

/// Why a round of the feed did not succeed. What the kiosk held before, it still holds. No address is named: a proxy's
/// could hold a password.
enum FeedFault: Error {
  /// Nobody can be reached; the words are libcurl's own, of its fixed list.
  case unreachable(String)
  /// TLS: who answers cannot show that it is who it should be.
  case untrusted(String)
  case status(Int, what: String, retryAfterSeconds: Int64)
  case redirected(what: String)
  /// The proxy does not connect; its status.
  case proxyRefused(Int)
  /// The network answers in the server's place: it wants people to log in first.
  case loginPage
  /// Not modified, and nothing was held that it could be like.
  case unexpectedNotModified
  case tooLarge(what: String, limit: Int)
  /// Too little came for so many seconds.
  case stalled(what: String, seconds: Int)
  case tookTooLong(what: String, seconds: Int)
  case cutOff(what: String)
  /// A part that does not continue what was asked for.
  case wrongRange(what: String)
  case transfer(what: String, reason: String)
  case refused(FeedRefusal)
  case file(FileError)
  case store(StoreError)
  /// Another process is at it.
  case busy
  case cancelled
  /// The settings do not suffice; the words say what lacks.
  case notConfigured(String)
}

extension FeedFault: CustomStringConvertible {
  var description: String {
    switch self {
    case .unreachable(let reason): "the feed's server cannot be reached: \(reason)"
    case .untrusted(let reason):
      "the feed's server cannot be trusted: \(reason); check feed.ca_file and the clock, and whether the network shows a "
        + "login page or puts its own certificate in the server's place"
    case .proxyRefused(407):
      "the proxy wants a name and a password (407): put them into feed.proxy as http://NAME:PASSWORD@HOST:PORT, or have "
        + "the network's administrator let the kiosk through"
    case .proxyRefused(403):
      "the proxy does not let the kiosk through to the feed's server (403): ask the network's administrator to allow it"
    case .proxyRefused(let code):
      "the proxy answers \(code) and does not connect to the feed's server: check feed.proxy and feed.url, or ask the "
        + "network's administrator"
    case .loginPage:
      "the network shows a login page in the place of the feed: log the kiosk in, or ask the network's administrator to "
        + "let it through without"
    case .status(let code, let what, _): "the feed's server answers \(code) for \(what)"
    case .redirected(let what):
      "the feed's server sends \(what) to another place, which is not followed; set feed.url to where it is. If it was "
        + "right until now, the network shows a login page: log the kiosk in"
    case .unexpectedNotModified: "the feed's server says \"not modified\" (304) to a kiosk that holds nothing yet"
    case .tooLarge(let what, let limit): "\(what) is larger than \(limit) bytes; the rest was not read"
    case .stalled(let what, let seconds): "\(what) stalled: next to nothing came in \(seconds) s"
    case .tookTooLong(let what, let seconds): "\(what) took longer than \(seconds) s"
    case .cutOff(let what): "\(what) was cut off; what came is kept and continued next time"
    case .wrongRange(let what): "the feed's server sends another part of \(what) than it was asked for"
    case .transfer(let what, let reason): "\(what) could not be transferred: \(reason)"
    case .refused(let refusal): "refused: \(refusal)"
    case .file(let error): error.description
    case .store(let error): error.description
    case .busy: "another kiosk program is syncing with this data folder; wait for it to end"
    case .cancelled: "ended before it was complete"
    case .notConfigured(let words): words
    }
  }

  /// Does what touches the disk.
  static func onDisk<T>(_ body: () throws(FileError) -> T) throws(FeedFault) -> T {
    do throws(FileError) { return try body() } catch { throw .file(error) }
  }

  /// What the server asks for, seconds; 0: nothing.
  var retryAfterSeconds: Int64 {
    if case .status(_, _, let seconds) = self { seconds } else { 0 }
  }
}
