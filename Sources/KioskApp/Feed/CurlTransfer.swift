// SPDX-License-Identifier: GPL-3.0-or-later

import CCurl
import Glibc

/// One request as libcurl makes it: its callbacks, and what they were told. Source: CURLOPT_WRITEFUNCTION(3),
/// CURLOPT_HEADERFUNCTION(3), CURLOPT_XFERINFOFUNCTION(3).
final class CurlTransfer {
  /// Called once, when the head of the answer is known and before its body. A fault ends the transfer.
  var onHead: (CurlTransfer) throws(FeedFault) -> Void = { _ in }
  /// Called with each piece of the body.
  var onBody: (UnsafeRawBufferPointer) throws(FeedFault) -> Void = { _ in }
  var isCancelled: () -> Bool = { false }
  /// Called about once a second, with the bytes of the body so far.
  var onTime: (Int) throws(FeedFault) -> Void = { _ in }

  /// The last answer's header fields, names in lower case.
  private(set) var fields: [String: String] = [:]
  private(set) var fault: FeedFault?
  private var headBytes = 0
  private var hasBegun = false
  private let curl: UnsafeMutableRawPointer

  init(_ curl: UnsafeMutableRawPointer) { self.curl = curl }

  /// Whether the connection stands, with TLS.
  var isConnected: Bool { kiosk_curl_offset(curl, CURLINFO_APPCONNECT_TIME_T) > 0 }
  var status: Int { kiosk_curl_long(curl, CURLINFO_RESPONSE_CODE) }
  /// Of the body, as the answer states it.
  var contentLength: Int? { fields["content-length"].flatMap { Int($0) } }
  /// How long the server wants to be left alone; 0 where it does not say. Source: RFC 9110, 10.2.3.
  var retryAfterSeconds: Int64 { Int64(kiosk_curl_offset(curl, CURLINFO_RETRY_AFTER)) }

  /// Makes the request that the handle is set to.
  func run() throws(FeedFault) -> CURLcode {
    let context = Unmanaged.passUnretained(self).toOpaque()
    let code = kiosk_curl_set_callbacks(
      curl, { bytes, size, count, context in CurlTransfer.of(context)?.body(bytes, size * count) ?? 0 },
      { bytes, size, count, context in CurlTransfer.of(context)?.header(bytes, size * count) ?? 0 },
      { context, _, now, _, _ in CurlTransfer.of(context)?.time(Int(now)) ?? true ? 1 : 0 }, context)
    guard code == CURLE_OK else { return code }
    let result = withExtendedLifetime(self) { curl_easy_perform(curl) }
    if result == CURLE_OK, !hasBegun { begin() }
    if let fault { throw fault }
    return result
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
    context.map { Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Whether to break off.
  private func time(_ bytes: Int) -> Bool {
    do throws(FeedFault) { try onTime(bytes) } catch { fault = fault ?? error }
    return fault != nil || isCancelled()
  }

  private func begin() {
    hasBegun = true
    do throws(FeedFault) { try onHead(self) } catch { fault = error }
  }

  private func body(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    if !hasBegun { begin() }
    guard fault == nil else { return 0 }
    do throws(FeedFault) {
      try onBody(UnsafeRawBufferPointer(start: bytes, count: count))
      return count
    } catch {
      fault = error
      return 0
    }
  }

  private func header(_ bytes: UnsafeMutablePointer<CChar>?, _ count: Int) -> Int {
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    headBytes += count
    guard headBytes <= AppLimits.feedHeadBytes else {
      fault = .tooLarge(what: "the head of the answer", limit: AppLimits.feedHeadBytes)
      return 0
    }
    if line.hasPrefix("HTTP/") {
      // An answer before the answer (100, 103) is over.
      fields = [:]
    } else if let colon = line.firstIndex(of: ":") {
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      fields[line[..<colon].lowercased()] = String(value.prefix { !$0.isNewline })
    }
    return count
  }
}
