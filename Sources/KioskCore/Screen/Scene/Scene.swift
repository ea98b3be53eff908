// SPDX-License-Identifier: GPL-3.0-or-later

/// A picture for a screen as plain values: what is drawn where, back to front.
///
/// Pages make scenes, displays draw them. Two equal scenes give the same picture, so a display compares a
/// scene with the one before it and draws again only the boxes of what changed.
public struct Scene: Equatable, Sendable {
  /// The screen the scene was laid out for.
  public var size: ScreenSize
  /// What is seen where no element is.
  public var background: Colour
  /// Back to front. No element marks a pixel outside its box.
  public var elements: [Element]
  /// Where a touch does something; the first that contains it counts.
  public var touchTargets: [TouchTarget]

  /// A scene; empty without elements.
  public init(
    size: ScreenSize, background: Colour, elements: [Element] = [], touchTargets: [TouchTarget] = []
  ) {
    self.size = size
    self.background = background
    self.elements = elements
    self.touchTargets = touchTargets
  }

  /// One thing in a scene.
  public enum Element: Equatable, Sendable {
    /// A filled rectangle.
    case rectangle(Rectangle)
    /// Words or a figure.
    case text(Text)
    /// A code to scan.
    case qr(QR)
    /// A small drawing.
    case icon(Icon)

    /// The only pixels the element may mark.
    public var box: Box {
      switch self {
      case .rectangle(let rectangle): rectangle.box
      case .text(let text): text.box
      case .qr(let qr): qr.box
      case .icon(let icon): icon.box
      }
    }
  }

  /// A filled rectangle, its corners rounded if `cornerRadius` is over zero.
  public struct Rectangle: Equatable, Sendable {
    /// The rectangle itself.
    public var box: Box
    /// What it is filled with.
    public var colour: Colour
    /// Radius of the corners in pixels; limited to half of the shorter side.
    public var cornerRadius: Int

    /// A filled rectangle.
    public init(box: Box, colour: Colour, cornerRadius: Int = 0) {
      self.box = box
      self.colour = colour
      self.cornerRadius = cornerRadius
    }
  }

  /// Text that must fit in its box: it is set at `size` pixels, or smaller where it would not fit.
  public struct Text: Hashable, Sendable {
    /// The words; a line feed starts a new line.
    public var string: String
    /// The only pixels the text may mark.
    public var box: Box
    /// What the text is for.
    public var role: Role
    /// The largest em size allowed, in pixels.
    public var size: Int
    /// How heavy the strokes are.
    public var weight: Weight
    /// The colour of the strokes.
    public var colour: Colour
    /// Where the lines stand between the left and right of the box.
    public var alignment: Alignment
    /// Whether a line too long for the box continues on the next one, before the text is made smaller.
    public var wraps: Bool
    /// Where the lines stand between the top and bottom of the box. Figures stand in its middle.
    public var verticalAlignment: VerticalAlignment
    /// Texts of one group are set equally large: as large as fits all of them. 0 stands alone.
    public var group: Int

    /// Text in a box.
    public init(
      _ string: String, in box: Box, role: Role, size: Int, weight: Weight = .regular,
      colour: Colour, alignment: Alignment = .left, verticalAlignment: VerticalAlignment = .middle,
      wraps: Bool = false, group: Int = 0
    ) {
      self.string = string
      self.box = box
      self.role = role
      self.size = size
      self.weight = weight
      self.colour = colour
      self.alignment = alignment
      self.verticalAlignment = verticalAlignment
      self.wraps = wraps
      self.group = group
    }
  }

  /// What a text is for.
  public enum Role: Hashable, Sendable, CaseIterable {
    /// What to do, to be read first and from far; lines set close.
    case headline
    /// Digits whose height fills the box.
    case figure
    /// The same, all equally wide, so that a clock does not jump.
    case clock
    /// Running words.
    case body
    /// The second language, units, dates.
    case caption
  }

  /// How heavy the strokes of a text are.
  public enum Weight: Hashable, Sendable, CaseIterable {
    /// For words that are read at leisure.
    case regular
    /// For words and figures seen from far.
    case bold
  }

  /// Where a line stands in its box.
  public enum Alignment: Hashable, Sendable, CaseIterable {
    /// From the left edge.
    case left
    /// In the middle.
    case centre
    /// Up to the right edge.
    case right
  }

  /// Where lines stand in a box that is higher than they are.
  public enum VerticalAlignment: Hashable, Sendable, CaseIterable {
    /// From the top edge.
    case top
    /// In the middle.
    case middle
    /// Down to the bottom edge.
    case bottom
  }

  /// A QR code, drawn as large as whole-pixel modules allow, in the middle of its box with its quiet zone.
  public struct QR: Hashable, Sendable {
    /// What a phone reads.
    public var address: String
    /// The box for modules and quiet zone.
    public var box: Box
    /// The colour of the dark modules.
    public var dark: Colour
    /// The colour of the light modules and of the quiet zone.
    public var light: Colour

    /// A code for `address`.
    public init(address: String, box: Box, dark: Colour, light: Colour) {
      self.address = address
      self.box = box
      self.dark = dark
      self.light = light
    }
  }

  /// A small drawing of one colour, filling the largest square in the middle of its box.
  public struct Icon: Equatable, Sendable {
    /// What it shows.
    public var shape: Shape
    /// The box it stands in.
    public var box: Box
    /// The colour of the drawing.
    public var colour: Colour
    /// The colour of what is cut out of it, such as the tick in its disc.
    public var ground: Colour

    /// A drawing in a box.
    public init(_ shape: Shape, in box: Box, colour: Colour, ground: Colour) {
      self.shape = shape
      self.box = box
      self.colour = colour
      self.ground = ground
    }

    /// What an icon shows.
    public enum Shape: Equatable, Sendable, CaseIterable {
      /// A tick in a disc: well.
      case tick
      /// An exclamation mark in a triangle: something is wrong.
      case warning
      /// Three dots in a disc: wait.
      case waiting
      /// Heads and shoulders: the community.
      case community
      /// An arrow to the left.
      case arrowLeft
      /// An arrow to the right.
      case arrowRight
      /// An arrow upwards.
      case arrowUp
      /// An arrow downwards.
      case arrowDown
      /// Waves leaving a point: a sensor at work.
      case waves
      /// A shield: F0 data.
      case shield
      /// A chevron to the right: what comes next.
      case next
      /// A globe: languages.
      case globe
      /// An i in a disc: what is to be known.
      case information
      /// A hand: a touch counts.
      case hand
      /// A phone before a code.
      case phoneScans
      /// A phone that takes something down to itself.
      case phoneLoads
      /// A phone with the Bluetooth rune.
      case phoneBluetooth
      /// A phone that sends and is well.
      case phoneOn
      /// One person, and three more.
      case three
      /// A house: who runs the kiosk.
      case house
      /// Lines of writing: what is recorded.
      case record
      /// A bell: what for.
      case bell
      /// A clock's face: how long.
      case clockFace
      /// An eye: who sees it.
      case eye
      /// A speech bubble: whom to tell.
      case speech
    }
  }
}
