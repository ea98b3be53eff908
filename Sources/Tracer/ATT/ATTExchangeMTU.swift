// SPDX-License-Identifier: GPL-3.0-or-later

/// How long attribute PDUs may be on one connection. Source: Core 5.4, vol. 3, part F, 3.4.2.
public enum ATTMTU {
  /// Until something else was agreed, bytes. Source: the same, part G, 5.2.1.
  public static let least = 23

  /// What both sides use after the exchange. A side that wrongly offers less than the least changes nothing.
  public static func agreed(_ client: Int, _ server: Int) -> Int { max(min(client, server), least) }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.2.1.
public struct ATTExchangeMTURequest: Hashable, Sendable {
  public var clientRxMTU: UInt16

  public init(clientRxMTU: UInt16) { self.clientRxMTU = clientRxMTU }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .exchangeMTURequest)
    clientRxMTU = try cursor.uint16(pdu, "Client Rx MTU")
    try cursor.finish(after: "Client Rx MTU")
  }

  public var pdu: [UInt8] { [ATTOpcode.exchangeMTURequest.rawValue] + clientRxMTU.littleEndianBytes }
}

/// Source: Core 5.4, vol. 3, part F, 3.4.2.2.
public struct ATTExchangeMTUResponse: Hashable, Sendable {
  public var serverRxMTU: UInt16

  public init(serverRxMTU: UInt16) { self.serverRxMTU = serverRxMTU }

  public init(_ pdu: Span<UInt8>) throws(ParseError) {
    var cursor = ByteCursor(pdu)
    try cursor.opcode(pdu, .exchangeMTUResponse)
    serverRxMTU = try cursor.uint16(pdu, "Server Rx MTU")
    try cursor.finish(after: "Server Rx MTU")
  }

  public var pdu: [UInt8] { [ATTOpcode.exchangeMTUResponse.rawValue] + serverRxMTU.littleEndianBytes }
}
