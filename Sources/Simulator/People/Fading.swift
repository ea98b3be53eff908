// SPDX-License-Identifier: GPL-3.0-or-later

/// The few functions that radio needs, without a library of mathematics, and quick: a simulated day draws them by the
/// million.
enum Fading {
  /// Base 2, within 0.01; `x` above 0.
  static func log2(_ x: Float) -> Float {
    guard x > 0, x.isFinite else { return 0 }
    let m = x.significand - 1
    // A parabola through log2 at both ends of an octave and at its middle.
    return Float(x.exponent) + m * (1.3465 - 0.3465 * m)
  }

  /// About normal, mean 0, deviation 1: four dice of 16 bits each.
  static func normal(_ random: inout SplitMix64) -> Float {
    let bits = random.next()
    let sum = Int(bits & 0xFFFF) + Int(bits >> 16 & 0xFFFF) + Int(bits >> 32 & 0xFFFF) + Int(bits >> 48)
    return Float(sum - 131_070) * (1.732_05 / 65_536)
  }

  /// 0 up to 1.
  static func uniform(_ random: inout SplitMix64) -> Float { Float(random.next() >> 40) * (1 / 16_777_216) }

  /// Times between events that know nothing of each other.
  static func exponential(mean: Float, _ random: inout SplitMix64) -> Float {
    -log2(1 - uniform(&random)) * 0.693_147 * mean
  }

  /// A direction, as a point on the unit circle.
  static func direction(_ random: inout SplitMix64) -> SIMD2<Float> {
    while true {
      let point = SIMD2(uniform(&random) * 2 - 1, uniform(&random) * 2 - 1)
      let square = (point * point).sum()
      if square > 0.01, square <= 1 { return point / square.squareRoot() }
    }
  }

  /// One step of a value that forgets its past with time constant `tau`, its deviation kept (first-order
  /// autoregression).
  static func step(
    _ value: Float, elapsed: Float, tau: Float, deviation: Float, _ random: inout SplitMix64
  ) -> Float {
    let kept = tau / (tau + elapsed)
    return value * kept + normal(&random) * deviation * (1 - kept * kept).squareRoot()
  }
}
