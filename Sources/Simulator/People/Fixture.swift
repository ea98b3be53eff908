// SPDX-License-Identifier: GPL-3.0-or-later

/// A thing of the office that sends all day.
public struct Fixture: Sendable {
  /// Metres from the kiosk.
  public var position: SIMD2<Float>
  public var device: Handset

  public init(position: SIMD2<Float>, device: Handset) {
    self.position = position
    self.device = device
  }
}
