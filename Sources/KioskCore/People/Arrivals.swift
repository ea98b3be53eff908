// SPDX-License-Identifier: GPL-3.0-or-later

/// How often a stream of advertisements begins that continues none, as far as can be told: of each kind, and of strong
/// and of weak ones apart. Where people stand close to the kiosk many begin strongly, as when a screen goes on; where the
/// door is far, hardly any.
struct Arrivals: Sendable {
  /// A second, by the kind of stream: over the last minute or so.
  private var weak = SIMD8<Float>(repeating: Arrivals.leastWeak)
  private var strong = SIMD8<Float>(repeating: Arrivals.leastStrong)
  private var newWeak = SIMD8<Float>()
  private var newStrong = SIMD8<Float>()

  /// What is reckoned with when hardly anybody comes: one in 100 s, and of them one in five strong from the beginning.
  private static let leastWeak: Float = 0.01
  private static let leastStrong: Float = 0.002
  /// Seconds over which rates are measured.
  private static let memorySeconds: Float = 64
  /// How widely RSSI of those who come spreads, dB: strong ones about the kiosk, weak ones down to where nothing is heard.
  private static let strongSpread: Float = 30
  private static let weakSpread: Float = 20

  mutating func add(_ stream: DeviceSigns.Stream, dBm: Float) {
    if dBm >= LinkModel.strongDBm { newStrong[Self.place(stream)] += 1 } else { newWeak[Self.place(stream)] += 1 }
  }

  /// Ends a second.
  mutating func endSecond() {
    weak += (newWeak - weak) / Self.memorySeconds
    strong += (newStrong - strong) / Self.memorySeconds
    (newWeak, newStrong) = (.zero, .zero)
  }

  /// How many come a second with about that strength, by the decibel.
  func density(_ stream: DeviceSigns.Stream, dBm: Float) -> Float {
    dBm >= LinkModel.strongDBm
      ? max(strong[Self.place(stream)], Self.leastStrong) / Self.strongSpread
      : max(weak[Self.place(stream)], Self.leastWeak) / Self.weakSpread
  }

  private static func place(_ stream: DeviceSigns.Stream) -> Int { stream.rawValue.trailingZeroBitCount & 7 }
}
