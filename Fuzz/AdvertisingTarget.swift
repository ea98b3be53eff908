// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Advertising data, against a second reading of the same bytes that is slow and plain.
  static let adStructures = FuzzTarget(
    name: "ad-structures",
    seeds: [
      "020106 0303564e 0fffb522 d56342c09af6bdddc9e79108", "02011a 020a08 0bff4c001006671e5cfadbd3",
      "02011a 1bff4c000c0e00febaa3780afeb2e191f5d8b0631006501e73a38501",
      "1107 67a607add1172fa1c44bf573564e0000", "14ff4c0001 00000000000000000000000000000080",
      "0303564e 05ffb5220102 0fffb522 d56342c09af6bdddc9e79108", "0d02 010002000300040005 00564e 031618ff", "03ffb5",
    ].map { bytes($0) }
  ) { input in
    let facts = AdvertisingFacts(input.span, in: 0..<input.count)
    // Nothing outside the range counts, and a range past the end is cut.
    let framed = [3, 3, 0x56, 0x4E] + input + [3, 3, 0x56, 0x4E]
    hold(AdvertisingFacts(framed.span, in: 4..<4 + input.count) == facts, "what stands outside is not read")
    hold(AdvertisingFacts(input.span, in: 0..<input.count + 7) == facts, "the end of the bytes is the end")

    let (structures, isTruncated) = plain(input)
    hold(facts.isTruncated == isTruncated, "what is cut off is noticed")
    let services = structures.filter { $0.type == 2 || $0.type == 3 }.flatMap { pairs($0.value) }
    let company = structures.filter { $0.type == 0xFF && $0.value.count >= 2 }
    let ids = company.filter { $0.value[0] == 0xB5 && $0.value[1] == 0x22 }.map { BluezoneID($0.value.dropFirst(2)) }
    let isBluezone = services.contains(0x4E56)
    let isSound = ids.allSatisfy { $0 != nil && $0 == ids[0] }
    hold(facts.bluezoneID == (isBluezone && isSound ? ids.first ?? nil : nil), "an id is read from whole data alone")
    hold(facts.hasWrongBluezoneData == (isBluezone && !isSound), "wrong data is noticed")
    hold(facts.companyID == company.first.flatMap { pairs(Array($0.value.prefix(2))).first }, "the first company")
    for service in services.prefix(1) { hold(facts.hasService(service) || hasServiceDataFirst(structures), "services") }
    if let id = facts.bluezoneID {
      let data = BluezoneAdvertisement.data(for: id)
      hold(AdvertisingFacts(data.span, in: 0..<data.count).bluezoneID == id, "what is sent is what is heard")
    }
  }

  private static func hasServiceDataFirst(_ structures: [(type: UInt8, value: [UInt8])]) -> Bool {
    structures.contains { $0.type == 0x16 }
  }

  private static func plain(_ data: [UInt8]) -> ([(type: UInt8, value: [UInt8])], isTruncated: Bool) {
    var left = data[...]
    var found: [(type: UInt8, value: [UInt8])] = []
    while let length = left.first, length > 0 {
      guard left.count > Int(length) else { return (found, true) }
      let structure = left.dropFirst().prefix(Int(length))
      found.append((structure.first ?? 0, Array(structure.dropFirst())))
      left = left.dropFirst(1 + Int(length))
    }
    return (found, false)
  }

  private static func pairs(_ bytes: [UInt8]) -> [UInt16] {
    stride(from: 0, to: bytes.count - 1, by: 2).map { UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8 }
  }
}
