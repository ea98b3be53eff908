// SPDX-License-Identifier: GPL-3.0-or-later

/// Numbered places, given to newcomers again when they are free: memory follows those who are here, not all who came.
struct Places<Element: Sendable>: Sendable {
  /// By place; a free one keeps what it held until it is taken again.
  var all: [Element] = []
  private var vacant: [Int] = []

  var count: Int { all.count - vacant.count }

  mutating func insert(_ element: Element) -> Int {
    if let place = vacant.popLast() {
      all[place] = element
      return place
    }
    all.append(element)
    return all.count - 1
  }

  /// `place` is taken.
  mutating func free(_ place: Int) { vacant.append(place) }
}
