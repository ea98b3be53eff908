// SPDX-License-Identifier: GPL-3.0-or-later

import CCurl
import Glibc
import KioskCore
import Tracer

/// A feed behind a web server, over HTTPS by libcurl. For one thread.
final class CurlFeedSource: FeedSource {
  private let settings: Settings.Feed
  private let isCancelled: () -> Bool
  /// Called with how many bytes of a batch are there.
  private let onBytes: (Int) -> Void
  private let base: String
  private let curl: UnsafeMutableRawPointer

  private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  init(
    settings: Settings.Feed, isCancelled: @escaping () -> Bool = { false }, onBytes: @escaping (Int) -> Void = { _ in }
  ) throws(FeedFault) {
    guard Self.isReady, let curl = curl_easy_init() else {
      throw .transfer(what: "the feed", reason: "libcurl cannot be used")
    }
    self.settings = settings
    self.isCancelled = isCancelled
    self.onBytes = onBytes
    self.curl = curl
    base = settings.url.hasSuffix("/") ? settings.url : settings.url + "/"
  }

  deinit { curl_easy_cleanup(curl) }

  // MARK: FeedSource

  func manifest(unless known: FeedValidators?) throws(FeedFault) -> FeedAnswer {
    let what = "the manifest"
    var headers: [String] = []
    if let etag = known?.etag { headers.append("If-None-Match: \(etag)") }
    if let time = known?.lastModified { headers.append("If-Modified-Since: \(time)") }
    var bytes: [UInt8] = []
    let limit = CoreLimits.feedManifestBytes
    let transfer = try get(
      FeedEnvelope.fileName, what: what, headers: headers,
      seconds: min(settings.totalSeconds, AppLimits.feedManifestSeconds)
    ) { transfer throws(FeedFault) in
      if transfer.status == 304 {
        guard known != nil else { throw .unexpectedNotModified }
        return
      }
      if transfer.status == Self.networkAuthenticationRequired { throw .loginPage }
      try Self.checkStatus(transfer, [200], what)
      if let length = transfer.contentLength, length > limit { throw .tooLarge(what: what, limit: limit) }
    } body: { piece throws(FeedFault) in
      guard bytes.count + piece.count <= limit else { throw .tooLarge(what: what, limit: limit) }
      bytes.append(contentsOf: piece)
    }
    if transfer.status == 304 { return .notModified }
    if Self.isPage(bytes, type: transfer.fields["content-type"]) { throw .loginPage }
    return .manifest(bytes, transfer.validators)
  }

  /// Source: RFC 6585, 6.
  private static let networkAuthenticationRequired = 511

  /// Whether it is a page for people, as networks answer that want a login, and no feed.
  static func isPage(_ bytes: [UInt8], type: String?) -> Bool {
    guard !FeedEnvelope.isClaimed(by: bytes) else { return false }
    if let type = type?.lowercased(), type.hasPrefix("text/html") || type.hasPrefix("application/xhtml") { return true }
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: byteOrderMark) ? bytes.dropFirst(byteOrderMark.count) : bytes[...]
    let start = String(decoding: text.drop { $0 <= UInt8(ascii: " ") }.prefix(16), as: UTF8.self).lowercased()
    return start.hasPrefix("<!doctype html") || start.hasPrefix("<html") || start.hasPrefix("<head")
  }

  func batch(_ batch: FeedManifest.Batch, what: String, into download: FeedDownload) throws(FeedFault) {
    var headers: [String] = []
    if let validator = download.validator {
      headers = ["Range: bytes=\(download.count)-", "If-Range: \(validator)"]
    }
    let isPart = !headers.isEmpty
    _ = try get(
      batch.path, what: what, headers: headers, seconds: settings.totalSeconds
    ) { transfer throws(FeedFault) in
      if isPart, transfer.status == 416 { try Self.restart(download, nil) }
      try Self.checkStatus(transfer, isPart ? [200, 206] : [200], what)
      if transfer.status == 206 {
        guard transfer.fields["content-range"]?.hasPrefix("bytes \(download.count)-") == true else {
          throw .wrongRange(what: what)
        }
      } else {
        try Self.restart(download, transfer.validators?.forRange)
      }
      if let length = transfer.contentLength, length > batch.bytes - download.count {
        throw .tooLarge(what: what, limit: batch.bytes)
      }
    } body: { piece throws(FeedFault) in
      guard download.count + piece.count <= batch.bytes else { throw .tooLarge(what: what, limit: batch.bytes) }
      try FeedFault.onDisk { () throws(FileError) in try download.append(Array(piece)) }
      self.onBytes(download.count)
    }
  }

  private static func restart(_ download: FeedDownload, _ validator: String?) throws(FeedFault) {
    try FeedFault.onDisk { () throws(FileError) in try download.restart(validator: validator) }
  }

  // MARK: Requests

  /// Gets a file, following redirects within the server alone.
  private func get(
    _ path: String, what: String, headers: [String], seconds: Int,
    head: @escaping (CurlTransfer) throws(FeedFault) -> Void,
    body: @escaping (UnsafeRawBufferPointer) throws(FeedFault) -> Void
  ) throws(FeedFault) -> CurlTransfer {
    var url = base + path
    for _ in 0...AppLimits.feedRedirects {
      let transfer = CurlTransfer(curl)
      transfer.isCancelled = isCancelled
      transfer.onTime = stallWatch(transfer, what: what)
      transfer.onHead = { transfer throws(FeedFault) in
        if !Self.redirects.contains(transfer.status) { try head(transfer) }
      }
      var passedOver = 0
      transfer.onBody = { [unowned transfer] piece throws(FeedFault) in
        guard Self.redirects.contains(transfer.status) else { return try body(piece) }
        passedOver += piece.count
        if passedOver > AppLimits.feedHeadBytes { throw .redirected(what: what) }
      }
      try request(url, what: what, headers: headers, seconds: seconds, transfer)
      guard Self.redirects.contains(transfer.status) else { return transfer }
      guard let next = kiosk_curl_text(curl, CURLINFO_REDIRECT_URL).map({ String(cString: $0) }),
        let origin = Self.origin(next), origin == Self.origin(url)
      else { throw .redirected(what: what) }
      url = next
    }
    throw .redirected(what: what)
  }

  /// libcurl's own watch looks at the mean of five seconds; this one at spans of the time that is set, so that a stall is
  /// seen within twice that.
  private func stallWatch(_ transfer: CurlTransfer, what: String) -> (Int) throws(FeedFault) -> Void {
    let seconds = settings.stallSeconds
    var span: (start: MonotonicTime, bytes: Int)?
    return { [unowned transfer] bytes throws(FeedFault) in
      guard transfer.isConnected else { return }
      let now = SystemClock.monotonic()
      guard let begun = span, bytes - begun.bytes < seconds * AppLimits.feedStallBytesPerSecond else {
        span = (now, bytes)
        return
      }
      if now.milliseconds(since: begun.start) >= Int64(seconds) * 1000 { throw .stalled(what: what, seconds: seconds) }
    }
  }

  private static let redirects = [301, 302, 303, 307, 308]

  private func request(
    _ url: String, what: String, headers: [String], seconds: Int, _ transfer: CurlTransfer
  ) throws(FeedFault) {
    var list: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(list) }
    for header in headers { list = curl_slist_append(list, header) }
    let handle = curl
    curl_easy_reset(handle)
    var codes = [
      kiosk_curl_set_text(handle, CURLOPT_URL, url),
      kiosk_curl_set_text(handle, CURLOPT_USERAGENT, "bluezone-kiosk"),
      // Nothing but this, whatever a redirect or an environment says.
      kiosk_curl_set_text(handle, CURLOPT_PROTOCOLS_STR, "https"),
      kiosk_curl_set_text(handle, CURLOPT_PROXY, settings.proxy),
      kiosk_curl_set_text(handle, CURLOPT_NOPROXY, ""),
      kiosk_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
      kiosk_curl_set_long(handle, CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2)),
      // Threads: no signals, and its own resolver's thread for the time limit.
      kiosk_curl_set_long(handle, CURLOPT_NOSIGNAL, 1),
      kiosk_curl_set_long(handle, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1),
      kiosk_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT, AppLimits.feedConnectSeconds),
      kiosk_curl_set_long(handle, CURLOPT_TIMEOUT, seconds),
      kiosk_curl_set_headers(handle, list),
    ]
    if !settings.caFile.isEmpty {
      // Debian's libcurl would go on to look into the system's folder.
      codes.append(kiosk_curl_set_text(handle, CURLOPT_CAPATH, nil))
      codes.append(kiosk_curl_set_text(handle, CURLOPT_CAINFO, settings.caFile))
    }
    if let code = codes.first(where: { $0 != CURLE_OK }) { throw .transfer(what: what, reason: Self.words(code)) }
    let code = try transfer.run()
    if code != CURLE_OK { throw fault(code, what: what, seconds: seconds) }
  }

  private func fault(_ code: CURLcode, what: String, seconds: Int) -> FeedFault {
    // Each libcurl has another code for a proxy that refuses; what the proxy said is the same.
    let answer = kiosk_curl_long(curl, CURLINFO_HTTP_CONNECTCODE)
    if !settings.proxy.isEmpty, answer != 0, answer / 100 != 2 { return .proxyRefused(answer) }
    switch code {
    case CURLE_COULDNT_CONNECT where !settings.proxy.isEmpty:
      return .unreachable("the proxy of feed.proxy does not answer; check it, or leave it empty where there is none")
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY:
      return .unreachable(Self.words(code))
    case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_ISSUER_ERROR:
      return .untrusted(Self.words(code))
    case CURLE_OPERATION_TIMEDOUT:
      if kiosk_curl_offset(curl, CURLINFO_APPCONNECT_TIME_T) == 0 {
        return .unreachable("no connection within \(AppLimits.feedConnectSeconds) s")
      }
      return .tookTooLong(what: what, seconds: seconds)
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM:
      return .cutOff(what: what)
    case CURLE_ABORTED_BY_CALLBACK: return .cancelled
    default: return .transfer(what: what, reason: Self.words(code))
    }
  }

  private static func checkStatus(_ transfer: CurlTransfer, _ good: [Int], _ what: String) throws(FeedFault) {
    guard !good.contains(transfer.status) else { return }
    throw .status(transfer.status, what: what, retryAfterSeconds: transfer.retryAfterSeconds)
  }

  /// libcurl's words for a code, of a fixed list.
  private static func words(_ code: CURLcode) -> String { String(cString: curl_easy_strerror(code)) }

  /// Scheme, host and port, all of them named; nil where it is no URL.
  private static func origin(_ url: String) -> String? {
    guard let handle = curl_url() else { return nil }
    defer { curl_url_cleanup(handle) }
    guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK else { return nil }
    var parts: [String] = []
    for part in [CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT] {
      var text: UnsafeMutablePointer<CChar>?
      guard curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else { return nil }
      parts.append(String(cString: text).lowercased())
      curl_free(text)
    }
    return parts.joined(separator: " ")
  }
}

extension CurlTransfer {
  /// What the answer calls the version of the file, if it can be said back to the server.
  var validators: FeedValidators? {
    func usable(_ name: String) -> String? {
      guard let value = fields[name], !value.isEmpty, value.utf8.count <= AppLimits.feedValidatorBytes,
        value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
      else { return nil }
      return value
    }
    let validators = FeedValidators(etag: usable("etag"), lastModified: usable("last-modified"))
    return validators == FeedValidators() ? nil : validators
  }
}
