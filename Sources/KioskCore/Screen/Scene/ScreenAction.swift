// SPDX-License-Identifier: GPL-3.0-or-later

/// What a touch on the screen asks for.
public enum ScreenAction: Hashable, Sendable {
  /// Show the other language, for a while.
  case language
  /// Show the page after this one, and let it stand for a while.
  case nextPage
  /// Show this page, and let it stand for a while.
  case page(PageName)
  /// Count somebody without a phone.
  case checkIn
}

/// The pages of the screen, by what they are called in settings and on the command line.
public enum PageName: Hashable, Sendable {
  /// The code to install the app, what is around, and how the box is.
  case home
  /// How to install, step 1 to 4.
  case install(Int)
  /// Have three more install it.
  case invite
  /// The visits of today.
  case today
  /// What the health office has to say, by the feed: one notice a page, from 1 on.
  case notice(Int)
  /// What is recorded and why: part 1 of 2, 2 of 2.
  case privacy(Int)
  /// Further apps, three codes a part, from part 1 on.
  case apps(Int)
}

/// A place on the screen that does something when it is touched.
public struct TouchTarget: Hashable, Sendable {
  /// Where it is felt, in pixels of the scene.
  public var box: Box
  public var action: ScreenAction

  public init(_ box: Box, _ action: ScreenAction) {
    self.box = box
    self.action = action
  }
}
