// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// The same bytes at once and in pieces: the same packets must come out.
  static let h4Stream = FuzzTarget(
    name: "h4-stream",
    seeds: [
      bytes("03 040e0401030c00 040e0401030c00"), bytes("01 02402003000102 03 0440050000"),
      bytes("ff 020020 0010 00"), bytes("05 01030c00 03010002 aabb 043e0c02010401bb2694c0427400c5"),
    ]
  ) { input in
    // The lowest bits of the first byte say how long a piece is, the others how that changes.
    let first = input.first ?? 0
    let stream = Array(input.dropFirst())
    var whole = H4Framer()
    let expected = Result { () throws(H4Framer.Failure) in try whole.append(stream) }
    var framer = H4Framer()
    var packets: [[UInt8]] = []
    var failure: H4Framer.Failure?
    var at = 0
    var size = Int(first & 7) + 1
    while at < stream.count, failure == nil {
      let end = min(at + size, stream.count)
      do throws(H4Framer.Failure) { packets += try framer.append(stream[at..<end]) } catch { failure = error }
      hold(framer.pendingBytes <= 5 + TracerLimits.aclPayloadBytes + end - at, "little is held back")
      at = end
      size = (size * 5 + Int(first >> 3)) % 61 + 1
    }
    switch expected {
    case .success(let all):
      hold(failure == nil && packets == all, "pieces give what the whole gives")
      hold(Array(all.joined()) == Array(stream.prefix(stream.count - whole.pendingBytes)), "no byte is lost")
      hold(framer.pendingBytes == whole.pendingBytes, "as much is held back")
      hold(!isWhole(Array(stream.suffix(whole.pendingBytes))), "no whole packet is held back")
      for packet in all { hold(isWhole(packet) && !isWhole(packet.dropLast()), "a packet is as long as it says") }
    case .failure(let error):
      hold(failure == error, "pieces fail as the whole does")
      hold(stream.starts(with: packets.joined()), "packets are what was sent")
    }
  }

  /// Whether these bytes hold at least the packet that they start with. Source: Core 5.4, vol. 4, part E, 5.4.
  private static func isWhole(_ bytes: [UInt8]) -> Bool {
    let header = [1: 4, 2: 5, 3: 4, 4: 3][bytes.first ?? 0] ?? Int.max
    guard bytes.count >= header else { return false }
    return bytes.count >= header + (header == 5 ? Int(bytes[3]) | Int(bytes[4]) << 8 : Int(bytes[header - 1]))
  }

  static let btsnoop = FuzzTarget(
    name: "btsnoop",
    seeds: [
      bytes("6274736e6f6f7000 00000001 000003ea"),
      bytes(
        """
        6274736e6f6f7000 00000001 000003ea
        00000007 00000007 00000001 00000000 00e2f15ac0a30000 040e0401030c00
        0000000a 00000002 00000000 00000000 00e2f15ac0a30001 0102
        """),
      bytes("6274736e6f6f7000 00000001 000003ea 00000001 00000001 00000001 00000000 8000000000000000 04"),
    ]
  ) { input in
    guard var reader = try? BtsnoopReader(input) else { return }
    var host = HCIHost()
    host.listenOnly()
    var at = 16
    do throws(BtsnoopReader.Failure) {
      while let record = try reader.next() {
        at += 24
        hold(input[at...].starts(with: record.packet), "a record holds what the file holds")
        at += record.packet.count
        host.receive(record.packet, generation: 0, at: MonotonicTime(milliseconds: record.microseconds / 1000))
        hold(host.takeEffects().isEmpty, "a recording is never answered")
      }
      hold(at == input.count, "a file without damage is read to its end")
      hold(try reader.next() == nil, "after the end there is nothing")
    } catch {
      hold(!error.description.isEmpty && (try? reader.next()) == nil, "damage stays")
    }
  }
}
