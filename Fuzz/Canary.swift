// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// Must crash, and soon: a fuzzer that no longer sees into the code (no coverage, no comparisons, the wrong
  /// build) would find no fault anywhere and pass everything. One comparison a byte, as in a parser.
  static let canary = FuzzTarget(name: "canary", seeds: [[0]]) { input in
    var cursor = ByteCursor(input.span)
    let magic: [StaticString] = ["B", "L", "U", "Z"]
    for letter in magic {
      guard let byte = try? cursor.uint8(input.span, letter), byte == letter.withUTF8Buffer({ $0[0] }) else { return }
    }
    fail("the canary sings")
  }
}
