// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// One fuzz target: what is done with an input, and where the fuzzer begins.
struct FuzzTarget: Sendable {
  var name: String
  /// Inputs that reach deep, written to the corpus before the first run.
  var seeds: [[UInt8]]
  /// Traps if something is wrong; whatever else the input is, it is a good one.
  var run: @Sendable ([UInt8]) -> Void

  static let all = [
    hciEvents, h4Stream, adStructures, btsnoop, l2cap, attRequests, attResponses, f0JSON, contactPack, journal,
    storedPage, storedJournal, feed, touch, uevent, canary,
  ]

  /// From the environment: libFuzzer keeps the command line to itself.
  static let chosen: FuzzTarget = {
    let name = getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = all.first(where: { $0.name == name }) else {
      print(all.map(\.name).joined(separator: "\n"))
      exit(2)
    }
    return target
  }()

  func writeSeeds(to folder: String) {
    for (i, seed) in seeds.enumerated() {
      guard let file = fopen("\(folder)/seed-\(i)", "w") else { fail("cannot write seeds into \(folder)") }
      fwrite(seed, 1, seed.count, file)
      fclose(file)
    }
  }
}

/// A rule that holds for every input. libFuzzer keeps the input that breaks it.
func hold(_ condition: Bool, _ rule: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line) {
  if !condition { fail(rule(), file: file, line: line) }
}

func fail(_ rule: String, file: StaticString = #fileID, line: UInt = #line) -> Never {
  let line = Array("BROKEN RULE: \(rule) (\(file):\(line))\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  abort()
}

/// Bytes of seeds, as the tests write them.
func bytes(_ hex: String) -> [UInt8] {
  guard let bytes = Hex.bytes(hex.filter { $0 != " " && $0 != "\n" }) else { fail("not hexadecimal: \(hex)") }
  return bytes
}

/// Before the first input. With FUZZ_SEEDS it only writes the target's seeds into that folder.
@c(LLVMFuzzerInitialize) public func fuzzInitialize(
  _: UnsafeMutablePointer<CInt>?, _: UnsafeMutableRawPointer?
) -> CInt {
  let target = FuzzTarget.chosen
  if let folder = getenv("FUZZ_SEEDS") {
    target.writeSeeds(to: String(cString: folder))
    exit(0)
  }
  return 0
}

@c(LLVMFuzzerTestOneInput) public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}
