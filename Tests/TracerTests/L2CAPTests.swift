// SPDX-License-Identifier: GPL-3.0-or-later
import Testing

@testable import Tracer

@Suite("L2CAP frames") struct L2CAPTests {
  private static let whole = bytes("03000400 020002")

  /// Gives pieces to a reassembler: the boundary flags, then the data.
  private func append(
    _ boundary: ACLData.PacketBoundary, _ data: [UInt8], to reassembler: inout L2CAPReassembler
  ) throws -> L2CAPFrame? {
    let head = 0x0040 | UInt16(boundary.rawValue) << 12
    let packet = [0x02] + head.littleEndianBytes + UInt16(data.count).littleEndianBytes + data
    let acl = try ACLData(packet: packet.span)
    let frame = reassembler.append(acl, in: packet.span)
    #expect(reassembler.pendingBytes < TracerLimits.l2capPayloadBytes + L2CAPFrame.headerBytes)
    return frame
  }

  @Test("A frame is length, channel and payload") func frame() throws {
    let frame = L2CAPFrame(channel: .attributeProtocol, payload: bytes("020002"))
    #expect(frame.bytes == Self.whole)
    #expect(try L2CAPFrame(Self.whole.span) == frame)
    #expect(L2CAPFrame(channel: .leSignalling, payload: []).bytes == bytes("00000500"))
    #expect(L2CAPFrame(channel: .securityManager, payload: [1]).bytes == bytes("01000600 01"))
  }

  @Test("A frame cut at any byte, or with one too many, is refused") func truncation() {
    for count in 0..<Self.whole.count {
      #expect(throws: ParseError.self) { try L2CAPFrame(Array(Self.whole.prefix(count)).span) }
    }
    #expect { try L2CAPFrame((Self.whole + [0]).span) } throws: { ($0 as? ParseError)?.problem == .trailing }
  }

  @Test("No frame is longer than its length can say") func longest() {
    let frame = L2CAPFrame(channel: .attributeProtocol, payload: [UInt8](repeating: 1, count: 0x1_0000))
    #expect(frame.payload.count == 0xFFFF && frame.bytes.prefix(2) == [0xFF, 0xFF])
  }

  @Test("Cut anywhere, even in its header, a frame comes out whole with its last piece") func everySplit()
    throws
  {
    let expected = try L2CAPFrame(Self.whole.span)
    for first in 0...Self.whole.count {
      for second in first...Self.whole.count {
        var reassembler = L2CAPReassembler()
        let pieces = [Self.whole[..<first], Self.whole[first..<second], Self.whole[second...]]
        var frames: [L2CAPFrame] = []
        for (i, piece) in pieces.enumerated() where i == 0 || !piece.isEmpty {
          let boundary: ACLData.PacketBoundary = i == 0 ? .firstFlushable : .continuation
          if let frame = try append(boundary, Array(piece), to: &reassembler) { frames.append(frame) }
        }
        #expect(frames == [expected], "cut at \(first) and \(second)")
        #expect(reassembler.pendingBytes == 0 && reassembler.drops == L2CAPReassembler.Drops())
      }
    }
  }

  @Test("Frames of unknown channels and without payload come out too") func others() throws {
    var reassembler = L2CAPReassembler()
    let frame = try append(.firstNonFlushable, bytes("00003e00"), to: &reassembler)
    #expect(frame == L2CAPFrame(channel: L2CAPChannelID(rawValue: 0x3E), payload: []))
  }

  @Test("A start without the end of the former frame drops that one") func interrupted() throws {
    var reassembler = L2CAPReassembler()
    #expect(try append(.firstFlushable, bytes("03000400 02"), to: &reassembler) == nil)
    #expect(try append(.firstFlushable, Self.whole, to: &reassembler)?.bytes == Self.whole)
    #expect(try append(.firstFlushable, [], to: &reassembler) == nil)
    #expect(try append(.firstFlushable, Self.whole, to: &reassembler)?.bytes == Self.whole)
    #expect(reassembler.drops.interruptedFrames == 2)
    #expect(reassembler.drops.strayContinuations == 0)
  }

  @Test("A continuation without a start is dropped") func stray() throws {
    var reassembler = L2CAPReassembler()
    #expect(try append(.continuation, Self.whole, to: &reassembler) == nil)
    #expect(try append(.firstFlushable, Self.whole, to: &reassembler) != nil)
    #expect(try append(.continuation, [1], to: &reassembler) == nil)
    #expect(try append(.continuation, [], to: &reassembler) == nil)
    #expect(reassembler.drops.strayContinuations == 3 && reassembler.pendingBytes == 0)
  }

  @Test("A frame longer than declared is dropped with all that follows") func overlong() throws {
    var reassembler = L2CAPReassembler()
    #expect(try append(.firstFlushable, Self.whole + [0], to: &reassembler) == nil)
    #expect(try append(.continuation, [1], to: &reassembler) == nil)
    #expect(reassembler.drops.overlongFrames == 1 && reassembler.drops.strayContinuations == 0)
    #expect(try append(.firstFlushable, bytes("03000400 02"), to: &reassembler) == nil)
    #expect(try append(.continuation, bytes("000200"), to: &reassembler) == nil)
    #expect(reassembler.drops.overlongFrames == 2 && reassembler.drops.interruptedFrames == 0)
    #expect(try append(.firstFlushable, Self.whole, to: &reassembler) != nil)
  }

  @Test("Frames end at their limit", arguments: [-1, 0, 1]) func oversized(over: Int) throws {
    let count = TracerLimits.l2capPayloadBytes + over
    let frame = L2CAPFrame(channel: .attributeProtocol, payload: [UInt8](repeating: 1, count: count))
    var reassembler = L2CAPReassembler()
    var result: L2CAPFrame?
    for packet in ACLData.packets(handle: 1, frame: frame.bytes, largestData: 27) {
      result = reassembler.append(try ACLData(packet: packet.span), in: packet.span)
      #expect(over <= 0 || reassembler.pendingBytes == 0)
    }
    #expect(result == (over <= 0 ? frame : nil))
    #expect(reassembler.drops.oversizedFrames == (over <= 0 ? 0 : 1))
    #expect(reassembler.drops.strayContinuations == 0)
    #expect(try append(.firstFlushable, Self.whole, to: &reassembler)?.bytes == Self.whole)
  }

  @Test(
    "Whatever comes, no more than one frame is held, and frames are as long as they said",
    arguments: [1, 20_200_901])
  func garbage(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    var reassembler = L2CAPReassembler()
    var frames = 0
    var refused = 0
    for i in 0..<100_000 {
      var packet: [UInt8]
      if i.isMultiple(of: 4) {
        packet = (0..<Int.random(in: 0...40, using: &random)).map { _ in .random(in: 0...255, using: &random)
        }
      } else {
        let declared = UInt16.random(in: 0...40, using: &random)
        let head = UInt16.random(in: 0...0x3FFF, using: &random)
        let data =
          declared.littleEndianBytes + bytes("0400")
          + [UInt8](repeating: 1, count: Int.random(in: 0...40, using: &random))
        packet = [0x02] + (head & 0x30FF).littleEndianBytes + UInt16(data.count).littleEndianBytes + data
        if i.isMultiple(of: 3) { packet = mutated(packet, using: &random) }
      }
      guard let acl = try? ACLData(packet: packet.span) else {
        refused += 1
        continue
      }
      if let frame = reassembler.append(acl, in: packet.span) {
        frames += 1
        check(frame.payload.count <= TracerLimits.l2capPayloadBytes, "seed \(seed), round \(i)")
        check(reassembler.pendingBytes == 0, "seed \(seed), round \(i)")
      }
      check(
        reassembler.pendingBytes < TracerLimits.l2capPayloadBytes + L2CAPFrame.headerBytes,
        "seed \(seed), round \(i)")
    }
    // The canary: every way was gone.
    let drops = reassembler.drops
    #expect(frames > 0 && refused > 0, "seed \(seed)")
    #expect(drops.interruptedFrames > 0 && drops.strayContinuations > 0, "seed \(seed)")
    #expect(drops.overlongFrames > 0 && drops.oversizedFrames > 0, "seed \(seed)")
  }
}
