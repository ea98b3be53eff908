// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("Attribute PDUs") struct ATTTests {
  static let service = "67a607add1172fa1c44bf573564e0000"
  static let characteristic = "89a607add1172fa1c44bf573564e0000"

  /// One of each request, whole.
  static let requests: [[UInt8]] = [
    bytes("02 0002"), bytes("04 0100 ffff"), bytes("06 0100 ffff 0028" + service), bytes("08 0100 ffff 0328"),
    bytes("08 0100 ffff" + characteristic), bytes("0a 0300"), bytes("0c 0300 0200"), bytes("0e 0300 0900"),
    bytes("10 0100 ffff 0028"), bytes("10 0100 ffff fb349b5f8000008000100000 00280000"), bytes("12 0300 41"),
    bytes("16 0300 0000 41"), bytes("18 01"), bytes("20 0300 0900"),
  ]

  private func roundTrip(_ request: ATTRequest) -> [UInt8]? {
    switch request {
    case .exchangeMTU(let request): request.pdu
    case .findInformation(let request): request.pdu
    case .findByTypeValue(let request): request.pdu
    case .readByType(let request): request.pdu
    case .read(let request): request.pdu
    case .readBlob(let request): request.pdu
    case .readMultiple(let request): request.pdu
    case .readByGroupType(let request): request.pdu
    case .write, .prepareWrite, .executeWrite, .unknown: nil
    }
  }

  // MARK: Opcodes, handles, UUIDs

  @Test("Every opcode is of one kind") func kinds() {
    let responses: Set<UInt8> = [1, 3, 5, 7, 9, 0x0B, 0x0D, 0x0F, 0x11, 0x13, 0x17, 0x19, 0x21]
    for value in UInt8.min...UInt8.max {
      let expected: ATTOpcode.Kind =
        switch value {
        case 0x40...0x7F, 0xC0...0xFF: .command
        case 0x1B, 0x23: .notification
        case 0x1D: .indication
        case 0x1E: .confirmation
        default: responses.contains(value) ? .response : .request
        }
      #expect(ATTOpcode(rawValue: value).kind == expected)
    }
  }

  @Test("Error codes have words, others their number") func errorCodes() {
    #expect("\(ATTErrorCode.attributeNotFound)" == "attribute not found")
    #expect("\(ATTErrorCode(rawValue: 0x80))" == "ATT error 0x80")
    let words = (UInt8.min...UInt8.max).map { "\(ATTErrorCode(rawValue: $0))" }
    #expect(Set(words).count == 256)
  }

  @Test("Handles end at 0xFFFF") func handles() {
    #expect(ATTHandle.first.next == ATTHandle(rawValue: 2))
    #expect(ATTHandle(rawValue: 0xFFFE).next == .last && ATTHandle.last.next == nil)
    #expect(ATTHandleRange.all.isValid && ATTHandleRange(.last, .last).isValid)
    #expect(!ATTHandleRange(.none, .last).isValid && !ATTHandleRange(.last, .first).isValid)
    #expect(
      ATTHandleRange(.first, .first).contains(.first) && !ATTHandleRange(.first, .first).contains(.last))
  }

  @Test("A UUID is the same in 16 and in 128 bits") func uuids() throws {
    let long = try #require(ATTUUID(bytes("fb349b5f8000008000100000 03280000")))
    #expect(long == .characteristic && long == ATTUUID(0x2803) && long.hashValue == ATTUUID(0x2803).hashValue)
    #expect(ATTUUID(bytes("0328")) == long && long.bytes == bytes("0328") && long.short == 0x2803)
    #expect(long == ATTUUID(high: 0x0000_2803_0000_1000, low: 0x8000_0080_5F9B_34FB))
    #expect(ATTUUID(0) != ATTUUID(1) && ATTUUID(0xFFFF).short == 0xFFFF)
  }

  @Test("One wrong bit in the base makes it another UUID") func almostShort() throws {
    let base = bytes("fb349b5f8000008000100000 03280000")
    for bit in 0..<128 where !(96..<112).contains(bit) {
      var other = base
      other[bit / 8] ^= 1 << UInt8(bit % 8)
      let uuid = try #require(ATTUUID(other))
      #expect(uuid != .characteristic && uuid.short == nil && uuid.bytes == other)
    }
  }

  @Test("UUIDs have 2 or 16 bytes", arguments: 0...20) func uuidLengths(count: Int) {
    let uuid = ATTUUID([UInt8](repeating: 0xA5, count: count))
    #expect((uuid != nil) == (count == 2 || count == 16))
  }

  @Test("Bluezone's UUIDs are those of the air") func bluezone() {
    #expect(ATTUUID.bluezoneService.bytes == BluezoneAdvertisement.iosServiceUUID)
    #expect(ATTUUID.bluezoneService.bytes == bytes(Self.service))
    #expect(ATTUUID.bluezoneID.bytes == bytes(Self.characteristic))
    #expect(ATTUUID(bytes(Self.service)) == .bluezoneService && ATTUUID.bluezoneService != .bluezoneID)
    // As the 16-bit form of Android it would be another one.
    #expect(ATTUUID(BluezoneAdvertisement.serviceUUID) != .bluezoneService)
  }

  // MARK: Requests

  @Test("Requests are read and written alike", arguments: requests) func roundTrip(pdu: [UInt8]) throws {
    let request = try ATTRequest(pdu.span)
    if let written = roundTrip(request) {
      // A UUID of the base is written short.
      #expect(written == (pdu.count == 21 && pdu[0] == 0x10 ? bytes("10 0100 ffff 0028") : pdu))
    }
  }

  @Test("What requests say") func fields() throws {
    #expect(try ATTRequest(bytes("02 1700").span) == .exchangeMTU(ATTExchangeMTURequest(clientRxMTU: 23)))
    let name = ATTHandle(rawValue: 3)
    #expect(try ATTRequest(bytes("0a 0300").span) == .read(ATTReadRequest(handle: name)))
    #expect(
      try ATTRequest(bytes("0c 0300 0201").span) == .readBlob(ATTReadBlobRequest(handle: name, offset: 258)))
    let two = ATTReadMultipleRequest(handles: [name, .last], isVariable: true)
    #expect(try ATTRequest(bytes("20 0300 ffff").span) == .readMultiple(two))
    #expect(try ATTRequest(bytes("1c 00").span) == .unknown(ATTOpcode(rawValue: 0x1C)))
    #expect(try ATTExecuteWriteRequest(bytes("18 00").span).flags == .cancel)
    #expect(try ATTPrepareWriteRequest(bytes("16 0300 0400").span).offset == 4)
  }

  @Test("A request cut at any byte is refused, unless what is left is one", arguments: requests)
  func truncation(pdu: [UInt8]) {
    for count in 0..<pdu.count {
      let cut = Array(pdu.prefix(count))
      // A value may have any length, and 2 bytes of a UUID are one.
      let isWhole =
        switch pdu[0] {
        case 0x06: count >= 7
        case 0x08, 0x10: count == 7
        case 0x12: count >= 3
        case 0x16: count >= 5
        default: false
        }
      #expect(((try? ATTRequest(cut.span)) != nil) == isWhole, "cut at \(count)")
    }
  }

  @Test("A request with a byte too many is refused, unless it ends in a value", arguments: requests)
  func trailing(pdu: [UInt8]) {
    let endsInValue: Set<UInt8> = [0x06, 0x12, 0x16]
    #expect(((try? ATTRequest((pdu + [0]).span)) != nil) == endsInValue.contains(pdu[0]))
  }

  @Test(
    "What is no request is not read as one",
    arguments: ["", "01 02000006", "0b 00", "1b 0100", "1e", "52 030041"])
  func noRequest(text: String) { #expect(throws: ParseError.self) { try ATTRequest(bytes(text).span) } }

  @Test("A parser takes its own opcode alone") func opcodes() {
    let error = ParseError(.invalid, field: "Attribute Opcode", offset: 0)
    #expect(throws: error) { try ATTReadRequest(bytes("0b 0300").span) }
    #expect(throws: error) { try ATTErrorResponse(bytes("02 0a 0300 0a").span) }
    #expect(throws: error) { try ATTReadMultipleRequest(bytes("0e 0300 0400").span, isVariable: true) }
  }

  // MARK: Responses

  @Test("An error names the request, the attribute and why") func errorResponse() throws {
    let error = ATTErrorResponse(.readRequest, ATTHandle(rawValue: 0x1234), .readNotPermitted)
    #expect(error.pdu == bytes("01 0a 3412 02"))
    #expect(try ATTErrorResponse(error.pdu.span) == error)
    for count in 0..<5 {
      #expect(throws: ParseError.self) { try ATTErrorResponse(Array(error.pdu.prefix(count)).span) }
    }
    #expect(throws: ParseError.self) { try ATTErrorResponse((error.pdu + [0]).span) }
  }

  @Test("The smaller MTU is agreed, never less than 23") func mtu() throws {
    #expect(try ATTExchangeMTUResponse(bytes("03 0002").span).serverRxMTU == 512)
    #expect(ATTExchangeMTUResponse(serverRxMTU: 512).pdu == bytes("03 0002"))
    #expect(ATTMTU.agreed(512, 185) == 185 && ATTMTU.agreed(185, 512) == 185)
    #expect(ATTMTU.agreed(22, 512) == 23 && ATTMTU.agreed(512, 0) == 23 && ATTMTU.agreed(24, 24) == 24)
  }

  @Test("Responses are read") func responses() throws {
    let found = try ATTFindByTypeValueResponse(bytes("07 0700 0900 2000 ffff").span)
    #expect(
      found.groups.map(\.start.rawValue) == [7, 0x20] && found.groups.map(\.end.rawValue) == [9, 0xFFFF])
    #expect(found.pdu == bytes("07 0700 0900 2000 ffff"))
    let byType = try ATTReadByTypeResponse(bytes("09 03 0300 41 0500 42").span)
    #expect(byType.items.map(\.value) == [[0x41], [0x42]] && byType.pdu == bytes("09 03 0300 41 0500 42"))
    let groups = try ATTReadByGroupTypeResponse(bytes("11 06 0100 0500 0018 0600 0600 0118").span)
    #expect(groups.items.map(\.value) == [bytes("0018"), bytes("0118")])
    #expect(groups.pdu == bytes("11 06 0100 0500 0018 0600 0600 0118"))
    #expect(try ATTReadResponse(bytes("0b").span).value.isEmpty)
    #expect(try ATTReadResponse(bytes("0b 0102").span).value == [1, 2])
  }

  @Test("A list is refused unless its items are whole, and there is one") func lists() {
    for text in ["07", "07 07", "07 070009", "07 0700 0900 01"] {
      #expect(throws: ParseError.self, "\(text)") { try ATTFindByTypeValueResponse(bytes(text).span) }
    }
    for text in [
      "09", "09 07", "09 00", "09 01 00", "09 00 0100", "09 03 0100", "09 03 0300 41 0500", "09 02",
    ] {
      #expect(throws: ParseError.self, "\(text)") { try ATTReadByTypeResponse(bytes(text).span) }
    }
    for text in ["11", "11 04", "11 03 010001", "11 06 0100 0500 00", "11 04 0100 0500 01"] {
      #expect(throws: ParseError.self, "\(text)") { try ATTReadByGroupTypeResponse(bytes(text).span) }
    }
    #expect(throws: Never.self) { try ATTReadByTypeResponse(bytes("09 02 0100").span) }
    #expect(throws: Never.self) { try ATTReadByGroupTypeResponse(bytes("11 04 0100 0500").span) }
  }

  @Test("Lists take what fits, at the MTU ± 1") func fits() {
    for (mtu, count) in [(23, 5), (25, 5), (26, 6), (27, 6)] {
      var response = ATTFindInformationResponse()
      while response.append(.first, .characteristic, mtu: mtu) {}
      #expect(response.pdu.count == 2 + 4 * count)
    }
    for (mtu, count) in [(23, 1), (37, 1), (38, 2), (39, 2)] {
      var response = ATTFindInformationResponse()
      while response.append(.first, .bluezoneID, mtu: mtu) {}
      #expect(response.pdu.count == 2 + 18 * count && response.pdu[1] == 2)
    }
    for (mtu, count) in [(23, 5), (24, 5), (25, 6), (26, 6)] {
      var response = ATTFindByTypeValueResponse()
      while response.append(.all, mtu: mtu) {}
      #expect(response.pdu.count == 1 + 4 * count)
    }
    for (mtu, count) in [(29, 3), (30, 4), (31, 4)] {
      var response = ATTReadByTypeResponse()
      while response.append(.first, bytes("0203000000"), mtu: mtu) {}
      #expect(response.pdu.count == 2 + 7 * count)
      var groups = ATTReadByGroupTypeResponse()
      while groups.append(.all, bytes("030000"), mtu: mtu) {}
      #expect(groups.pdu.count == 2 + 7 * count)
    }
  }

  @Test("Forms and lengths are not mixed") func mixed() {
    var information = ATTFindInformationResponse()
    var byType = ATTReadByTypeResponse()
    var groups = ATTReadByGroupTypeResponse()
    let taken = [
      information.append(.first, .characteristic, mtu: 512), information.append(.last, .bluezoneID, mtu: 512),
      byType.append(.first, [1], mtu: 512), byType.append(.last, [1, 2], mtu: 512),
      groups.append(.all, [1, 2], mtu: 512), groups.append(.all, [1], mtu: 512),
    ]
    #expect(taken == [true, false, true, false, true, false])
  }

  @Test("Values too long are cut: at the MTU, and at what a length byte can say") func cut() {
    let long = (0..<600).map { UInt8(truncatingIfNeeded: $0) }
    for (mtu, count) in [(23, 19), (256, 252), (257, 253), (258, 253), (512, 253)] {
      var response = ATTReadByTypeResponse()
      #expect(response.append(.first, long, mtu: mtu) == true)
      #expect(response.items.first?.value == Array(long.prefix(count)))
      #expect(response.pdu.count == 4 + count && Int(response.pdu[1]) == 2 + count)
      #expect(response.append(.last, long, mtu: mtu) == false)
    }
    for (mtu, count) in [(23, 17), (256, 250), (257, 251), (258, 251), (512, 251)] {
      var response = ATTReadByGroupTypeResponse()
      #expect(response.append(.all, long, mtu: mtu) == true)
      #expect(response.items.first?.value == Array(long.prefix(count)))
      #expect(response.pdu.count == 6 + count && Int(response.pdu[1]) == 4 + count)
    }
    #expect(ATTReadResponse(value: long, mtu: 23).pdu == [0x0B] + long.prefix(22))
    #expect(ATTReadResponse(value: Array(long.prefix(22)), mtu: 23).pdu == [0x0B] + long.prefix(22))
    #expect(ATTReadBlobResponse(value: long, offset: 22, mtu: 23).pdu == [0x0D] + long[22..<44])
    #expect(ATTReadBlobResponse(value: long, offset: 599, mtu: 23).pdu == [0x0D, long[599]])
    #expect(ATTReadBlobResponse(value: long, offset: 600, mtu: 23).pdu == [0x0D])
    #expect(ATTReadMultipleResponse(values: [[1, 2], long], mtu: 23).pdu == [0x0F, 1, 2] + long.prefix(20))
  }

  @Test("Lengths between values stay whole, the last value is cut") func variable() {
    func pdu(_ counts: [Int]) -> [UInt8] {
      ATTReadMultipleVariableResponse(values: counts.map { [UInt8](repeating: 9, count: $0) }, mtu: 23).pdu
    }
    #expect(pdu([1, 2]) == bytes("21 0100 09 0200 0909"))
    #expect(pdu([0, 0]) == bytes("21 0000 0000"))
    // 22 bytes: 2 + 16 leave 4, of which 2 are a length and 2 for the value.
    #expect(pdu([16, 5]).suffix(4) == bytes("0500 0909")[...] && pdu([16, 5]).count == 23)
    #expect(pdu([18, 5]).suffix(2) == bytes("0500")[...] && pdu([18, 5]).count == 23)
    // A length that would be cut is left out.
    #expect(pdu([19, 5]).count == 22 && pdu([20, 5]).count == 23 && pdu([21, 5]).count == 23)
    #expect(pdu([300, 5]).prefix(3) == bytes("21 2c01")[...] && pdu([300, 5]).count == 23)
  }
}
