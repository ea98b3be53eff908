// SPDX-License-Identifier: GPL-3.0-or-later

/// Which pages come in which order, and for how long.
public struct PageSettings: Hashable, Sendable {
  /// The kinds of pages in their order; a kind of several parts shows them all.
  public var order: [Kind] = [.home, .install, .home, .notices, .invite, .today, .home, .privacy, .apps]
  /// How long the home page stands in the first language.
  public var homeMilliseconds: Int64 = 15_000
  /// How long a step, the invitation, a chart or an app stands in the first language.
  public var pageMilliseconds: Int64 = 8000
  /// How long a notice of the health office, or a part of the privacy notice, stands in the first language.
  public var readingMilliseconds: Int64 = 14_000
  /// Whether every page follows in the other language, for two thirds of its time.
  public var alternates = true
  /// For how long a page or a language that somebody chose stands.
  public var chosenMilliseconds: Int64 = 45_000
  /// How long the call to install stands after the last phone without the app came near, and how long at most.
  public var callMilliseconds: Int64 = 20_000
  public var longestCallMilliseconds: Int64 = 60_000
  /// For how long nobody is called after the longest call, so that the steps are seen.
  public var callRestMilliseconds: Int64 = 20_000
  /// How long thanks stand, and how long nobody is thanked on the whole screen after it.
  public var welcomeMilliseconds: Int64 = 4000
  public var welcomeRestMilliseconds: Int64 = 20_000

  public init() {}

  /// A kind of page, as it is called in settings.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case home, install, notices, invite, today, privacy, apps
  }

  /// Reads `home, install, today`, at most `CoreLimits.pageOrder` kinds; nil when any is unknown or none is there.
  public static func order(_ text: String) -> [Kind]? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let kinds = parts.compactMap { part in Kind(rawValue: String(part.drop { $0 == " " })) }
    return kinds.count == parts.count && kinds.count <= CoreLimits.pageOrder ? kinds : nil
  }

  /// Every page in its order; of notices as many as there can be.
  public func pages(appParts: Int) -> [PageName] {
    let pages = order.flatMap { kind -> [PageName] in
      switch kind {
      case .home: [.home]
      case .install: (1...PageName.installSteps).map { .install($0) }
      case .notices: (1...CoreLimits.feedNotices).map { .notice($0) }
      case .invite: [.invite]
      case .today: [.today]
      case .privacy: (1...PageName.privacyParts).map { .privacy($0) }
      case .apps: appParts > 0 ? (1...appParts).map { .apps($0) } : []
      }
    }
    // Notices come and go: something else must be there.
    return pages.allSatisfy(\.isNotice) ? [.home] + pages : pages
  }

  func milliseconds(_ page: PageName) -> Int64 {
    switch page {
    case .home: homeMilliseconds
    case .install, .invite, .today, .apps: pageMilliseconds
    case .notice, .privacy: readingMilliseconds
    }
  }
}

extension PageName {
  var isNotice: Bool { if case .notice = self { true } else { false } }

  /// Steps to install the app.
  public static let installSteps = 4
  /// Parts of the privacy notice, three statements each.
  public static let privacyParts = 2
}
