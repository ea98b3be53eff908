// SPDX-License-Identifier: GPL-3.0-or-later

import CSHA256
import KioskCore

extension SubkeyHasher {
  /// The fastest way of this processor; the library's where it has none of them.
  static let fastest = fast.first ?? portable

  /// Every fast way of this processor, the fastest first. On a Zen 4 core with SHA extensions 56, 41 and 25 million ids
  /// a second.
  static let fast: [SubkeyHasher] = [
    (KIOSK_SHA_NI, "SHA-NI"), (KIOSK_SHA_AVX512, "AVX-512"), (KIOSK_SHA_AVX2, "AVX2"),
    (KIOSK_SHA_ARM, "ARM SHA-256"), (KIOSK_SHA_NEON, "NEON"),
  ].filter { kiosk_sha_has($0.0) != 0 }.map { path, name in hasher(path.rawValue, name) }

  private static func hasher(_ path: kiosk_sha_path.RawValue, _ name: String) -> SubkeyHasher {
    SubkeyHasher(
      name: name,
      nextDay: { keys in
        let count = keys.count / keyWords
        keys.withUnsafeMutableBufferPointer { kiosk_sha_next(kiosk_sha_path(path), $0.baseAddress, count) }
      },
      walkSlots: { keys, range, slots, ids in
        guard range.lowerBound >= 0, keys.count >= range.upperBound * keyWords,
          ids.count >= 2 * range.count * slots
        else { return }
        keys.withUnsafeBufferPointer { keys in
          ids.withUnsafeMutableBufferPointer { ids in
            guard let first = keys.baseAddress else { return }
            kiosk_sha_walk(
              kiosk_sha_path(path), first + range.lowerBound * keyWords, range.count, slots, ids.baseAddress)
          }
        }
      })
  }
}
