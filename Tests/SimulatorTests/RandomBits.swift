// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Synchronization

/// Random bits by seed, behind a function.
final class RandomBits: Sendable {
  private let random: Mutex<SplitMix64>

  init(seed: UInt64) { random = Mutex(SplitMix64(seed: seed)) }

  func next() -> UInt64 { random.withLock { $0.next() } }
}
