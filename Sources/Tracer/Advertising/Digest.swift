// SPDX-License-Identifier: GPL-3.0-or-later

/// A number that stands for some bytes, so that they can be compared later without being kept.
/// Source: the FNV-1a hash, 32 bits (G. Fowler, L. C. Noll, P. Vo).
enum Digest {
  /// Never 0, which stands for nothing. `range` lies inside `bytes`.
  static func of(_ bytes: Span<UInt8>, in range: Range<Int>) -> UInt32 {
    var hash: UInt32 = 0x811C_9DC5
    let part = bytes.extracting(range)
    for i in part.indices { hash = (hash ^ UInt32(part[i])) &* 0x0100_0193 }
    return hash == 0 ? 1 : hash
  }
}
