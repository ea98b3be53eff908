// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("A key of Bluezone's chain") struct BluezoneKeyTests {
  private let counting = (0..<32).map { UInt8($0) }

  @Test("A key is exactly 32 bytes", arguments: [0, 31, 32, 33, 64]) func length(count: Int) {
    #expect((BluezoneKey([UInt8](repeating: 7, count: count)) != nil) == (count == 32))
    #expect((BluezoneKey(hex: String(repeating: "07", count: count)) != nil) == (count == 32))
  }

  @Test("Hexadecimal text is read in either case, and refused with a wrong digit") func hex() throws {
    let key = try #require(BluezoneKey(counting))
    #expect(key.hex == "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
    #expect(BluezoneKey(hex: key.hex) == key)
    #expect(BluezoneKey(hex: key.hex.uppercased()) == key)
    #expect(BluezoneKey(hex: key.hex.dropLast()) == nil)
    #expect(BluezoneKey(hex: key.hex.dropLast() + "g") == nil)
  }

  // SHA-256 of 32 bytes 00…1f, and of the same with the suffix, by coreutils' sha256sum.
  @Test("The next key is its SHA-256, the first sub key its SHA-256 with Bluezone's suffix") func digests()
    throws
  {
    let key = try #require(BluezoneKey(counting))
    #expect(key.next.hex == "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd")
    #expect(key.firstSubKey.hex == "13c6bb550cb98253ea96a3ac64cb0023724e138c0c3f18dd5d6486934388dfb4")
  }

  @Test("The id is twelve bytes picked from the sub key") func pickedBytes() throws {
    let key = try #require(BluezoneKey(counting))
    #expect(key.bluezoneID.bytes == [0, 4, 8, 12, 16, 18, 20, 22, 24, 26, 28, 30])
  }
}

@Suite("A Bluezone id") struct BluezoneIDTests {
  private let counting = (1...12).map { UInt8($0) }

  @Test("An id is exactly 12 bytes", arguments: [0, 11, 12, 13, 24]) func length(count: Int) {
    let data = [UInt8](repeating: 9, count: count)
    #expect((BluezoneID(data) != nil) == (count == 12))
    #expect((BluezoneID(data.span, 0..<count) != nil) == (count == 12))
  }

  @Test("Its bytes come back in the order in which they are sent") func roundTrip() throws {
    let id = try #require(BluezoneID(counting))
    #expect(id.bytes == counting)
    #expect(id.hex == "0102030405060708090a0b0c")
    #expect(BluezoneID(counting.reversed())?.bytes == counting.reversed())
    #expect(BluezoneID([0xFF, 0xFF] + counting.dropFirst(2))?.hex == "ffff030405060708090a0b0c")
  }

  @Test("A range outside the borrowed bytes gives no id") func range() {
    #expect(BluezoneID(([0] + counting + [0]).span, 1..<13)?.bytes == counting)
    #expect(BluezoneID(counting.span, 1..<13) == nil)
    #expect(BluezoneID(counting.span, -1..<11) == nil)
  }

  @Test("Ids are in the order of their bytes") func order() throws {
    let low = try #require(BluezoneID(hexID: "000000000000000100000000"))
    let middle = try #require(BluezoneID(hexID: "000000000000000100000001"))
    let high = try #require(BluezoneID(hexID: "800000000000000000000000"))
    #expect(low < middle && middle < high && !(high < low))
  }
}

extension BluezoneID {
  fileprivate init?(hexID: String) { self.init(Hex.bytes(hexID) ?? []) }
}
