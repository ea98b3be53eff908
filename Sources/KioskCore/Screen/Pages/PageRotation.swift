// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Which page is seen, in which language, and what covers it: by time, by who comes near, and by touch.
public struct PageRotation: Sendable {
  private let settings: PageSettings
  private let pages: [PageName]
  private let firstLanguage: ScreenLanguage
  /// How many notices there are to be shown.
  private var notices = 0
  /// A place in `pages`, or a page that somebody chose.
  private var index = 0
  private var chosen: PageName?
  /// When the page, in both languages, has stood long enough.
  private var turnsAt: MonotonicTime
  /// When it is said in the other language.
  private var alternatesAt: MonotonicTime?
  private var chosenLanguage: (language: ScreenLanguage, until: MonotonicTime)?
  private var cover: Cover?
  private var welcomesUntil: MonotonicTime?
  private var noWelcomeUntil: MonotonicTime?
  private var noCallUntil: MonotonicTime?
  /// Of the last event.
  private var latest: MonotonicTime

  private struct Cover: Hashable, Sendable {
    var takeover: ScreenState.Takeover
    var since: MonotonicTime
    var until: MonotonicTime
  }

  public init(settings: PageSettings, firstLanguage: ScreenLanguage, appParts: Int, at now: MonotonicTime) {
    self.settings = settings
    self.firstLanguage = firstLanguage
    pages = settings.pages(appParts: appParts)
    turnsAt = now
    latest = now
    if !isThere(pages[index]) { index = nextIndex }
    stand(at: now)
  }

  // MARK: What is to be seen

  public var page: PageName { chosen ?? pages[index] }
  public var takeover: ScreenState.Takeover? { cover?.takeover }
  /// Whether a Bluezoner has been noticed a moment ago.
  public var isWelcoming: Bool { welcomesUntil != nil }

  public var language: ScreenLanguage {
    if let chosenLanguage { return chosenLanguage.language }
    return isInSecondLanguage && cover == nil ? firstLanguage.other : firstLanguage
  }

  private var isInSecondLanguage: Bool { alternatesAt.map { latest >= $0 } ?? false }

  // MARK: What happens

  /// Times must not go back.
  public mutating func advance(to now: MonotonicTime) {
    latest = now
    if let until = chosenLanguage?.until, now >= until { chosenLanguage = nil }
    if let until = welcomesUntil, now >= until { welcomesUntil = nil }
    if let until = noWelcomeUntil, now >= until { noWelcomeUntil = nil }
    if let until = noCallUntil, now >= until { noCallUntil = nil }
    if let cover, now >= cover.until { uncover(cover, at: now) }
    // What is covered is not seen: it has its whole time afterwards.
    if cover == nil, now >= turnsAt { turn(at: now) }
  }

  /// A phone without the app has come near.
  public mutating func callToInstall(at now: MonotonicTime) {
    advance(to: now)
    guard noCallUntil == nil else { return }
    let since = cover?.takeover == .install ? cover?.since ?? now : now
    let longest = since.adding(milliseconds: settings.longestCallMilliseconds)
    cover = Cover(
      takeover: .install, since: since, until: min(now.adding(milliseconds: settings.callMilliseconds), longest))
  }

  /// A Bluezoner has come near: thanked on the whole screen now and then, in its strip always.
  public mutating func welcome(at now: MonotonicTime) {
    advance(to: now)
    let until = now.adding(milliseconds: settings.welcomeMilliseconds)
    welcomesUntil = until
    guard cover == nil, noWelcomeUntil == nil, chosen == nil else { return }
    cover = Cover(takeover: .welcome, since: now, until: until)
    noWelcomeUntil = until.adding(milliseconds: settings.welcomeRestMilliseconds)
  }

  /// What covers the page ends: staff have seen it, or somebody checks in.
  public mutating func acknowledge(at now: MonotonicTime) {
    advance(to: now)
    cover = nil
    stand(at: now)
  }

  public mutating func toggleLanguage(at now: MonotonicTime) {
    advance(to: now)
    chosenLanguage = (language.other, now.adding(milliseconds: settings.chosenMilliseconds))
  }

  /// Shows a page, or without one the next, and lets it stand.
  public mutating func choose(_ page: PageName? = nil, at now: MonotonicTime) {
    advance(to: now)
    let wasCovered = cover != nil
    let language = language
    cover = nil
    let next = nextIndex
    if let page, page != pages[index] {
      chosen = page
    } else if page != nil || wasCovered || chosen != nil {
      chosen = nil
    } else {
      index = next
    }
    alternatesAt = nil
    // The language stays as it was read.
    chosenLanguage = (language, now.adding(milliseconds: settings.chosenMilliseconds))
    turnsAt = now.adding(milliseconds: settings.chosenMilliseconds)
  }

  /// The feed has so many notices. One that is gone is not shown to its end.
  public mutating func setNotices(_ count: Int, at now: MonotonicTime) {
    guard count != notices else { return }
    notices = count
    if let chosen, !isThere(chosen) {
      self.chosen = nil
      stand(at: now)
    }
    if !isThere(pages[index]) {
      index = nextIndex
      stand(at: now)
    }
  }

  private func isThere(_ page: PageName) -> Bool {
    if case .notice(let number) = page { number <= notices } else { true }
  }

  /// The place of the next page that is there; one always is.
  private var nextIndex: Int {
    var next = (index + 1) % pages.count
    while next != index, !isThere(pages[next]) { next = (next + 1) % pages.count }
    return next
  }

  // MARK: By time

  /// After the call the steps follow that come after the scan.
  private mutating func uncover(_ over: Cover, at now: MonotonicTime) {
    cover = nil
    if over.takeover == .install {
      // Phones came without end: the steps are to be seen as well.
      let longest = over.since.adding(milliseconds: settings.longestCallMilliseconds)
      if over.until >= longest { noCallUntil = now.adding(milliseconds: settings.callRestMilliseconds) }
      chosen = nil
      if let step = pages.firstIndex(of: .install(2)) { index = step }
    }
    stand(at: now)
  }

  private mutating func turn(at now: MonotonicTime) {
    if chosen == nil { index = nextIndex }
    chosen = nil
    stand(at: now)
  }

  /// Begins the time of the page.
  private mutating func stand(at now: MonotonicTime) {
    let first = settings.milliseconds(page)
    let alternates = settings.alternates && chosenLanguage == nil
    alternatesAt = alternates ? now.adding(milliseconds: first) : nil
    turnsAt = now.adding(milliseconds: alternates ? first + first * 2 / 3 : first)
  }
}
