// SPDX-License-Identifier: GPL-3.0-or-later
import Testing
import Tracer

@testable import KioskCore

@Suite("Index of tracks") struct TrackIndexTests {
  @Test("is what a dictionary is, whatever comes and goes", arguments: [UInt64(1), 2, 3])
  func agreesWithDictionary(seed: UInt64) {
    let random = RandomBits(seed: seed)
    var index = TrackIndex()
    var truth: [BluetoothAddress: Int32] = [:]
    for step in 0..<60_000 {
      // Few addresses, so that they meet; more come than go at first, then fewer.
      let address = BluetoothAddress(bits: random.next() % 6000, isRandom: random.next() & 1 == 1)
      #expect(index[address] == truth[address])
      if random.next() % 10 < (step < 30_000 ? 7 : 2) {
        index.insert(address, Int32(step))
        truth[address] = Int32(step)
      } else {
        index.remove(address)
        truth[address] = nil
      }
      guard index.count == truth.count else { break }
    }
    #expect(index.count == truth.count && index.isEmpty == truth.isEmpty)
    for (address, track) in truth { #expect(index[address] == track) }
  }

  @Test("finds all of a full table of addresses that begin at one place")
  func holdsCollisions() {
    var index = TrackIndex()
    // The inverse of the hash's factor: their products differ in low bits alone.
    let inverse: UInt64 = 0xF1DE_83E1_9937_733D
    var forged: [BluetoothAddress] = []
    for product in 0..<UInt64(1 << 22) {
      let bits = product &* inverse
      // 48 bits and the lowest one for the kind.
      if bits >> 49 == 0 { forged.append(BluetoothAddress(bits: bits >> 1, isRandom: bits & 1 == 1)) }
    }
    #expect(forged.count > 60)
    for (i, address) in forged.enumerated() { index.insert(address, Int32(i)) }
    for (i, address) in forged.enumerated().reversed() {
      #expect(index[address] == Int32(i))
      index.remove(address)
      #expect(index[address] == nil)
    }
    #expect(index.isEmpty)
  }
}
