// SPDX-License-Identifier: GPL-3.0-or-later

/// A pattern of the lamp in a colour; in the pauses the lamp is dark.
public struct LampPattern: Hashable, Sendable {
  public let colour: LampColour
  public let pattern: Pattern

  public init(_ colour: LampColour, _ pattern: Pattern) { (self.colour, self.pattern) = (colour, pattern) }

  /// Reads `COLOUR ON/OFF` or `COLOUR ON/OFF xCOUNT`: `amber 5/5 x8`; nil for anything else.
  public init?(_ text: some StringProtocol) {
    let parts = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let colour = LampColour(rawValue: String(parts[0])), let pattern = Pattern(parts[1])
    else { return nil }
    self.init(colour, pattern)
  }
}

extension LampPattern: CustomStringConvertible {
  /// As it is read.
  public var description: String { "\(colour.rawValue) \(pattern)" }
}

/// What the lamp can show. There is no red, so that nothing can ever show it to the public.
public enum LampColour: String, Hashable, Sendable, CaseIterable {
  case green, amber, yellow
}

/// Which lines make which colour.
public enum LampWiring: String, Hashable, Sendable, CaseIterable {
  /// A green lamp and an amber one; yellow is the amber one, told from a prompt by its rhythm.
  case separate
  /// One lamp of two colours, green and amber; yellow is both.
  case greenAmber = "green-amber"
  /// One lamp of two colours, green and red, the red one wired as `amber`; amber and yellow are both, and red alone is
  /// never lit.
  case greenRed = "green-red"

  /// The lamp's lines that are active for a colour.
  public func states(of colour: LampColour) -> (green: Bool, amber: Bool) {
    switch (self, colour) {
    case (_, .green): (true, false)
    case (.separate, .amber), (.separate, .yellow), (.greenAmber, .amber): (false, true)
    case (.greenAmber, .yellow), (.greenRed, .amber), (.greenRed, .yellow): (true, true)
    }
  }
}
