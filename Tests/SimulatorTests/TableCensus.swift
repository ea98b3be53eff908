// SPDX-License-Identifier: GPL-3.0-or-later

/// How many elements each array, dictionary and set inside a value held at the most, by the names that lead to it.
/// It finds private tables too, and those that do not exist yet.
struct TableCensus {
  private(set) var most: [String: Int] = [:]

  /// The table that held most.
  var largest: (name: String, count: Int) {
    most.max { ($0.value, $1.key) < ($1.value, $0.key) }.map { ($0.key, $0.value) } ?? ("none", 0)
  }

  mutating func look(into value: Any) { look(into: value, name: "", depth: 0) }

  private mutating func look(into value: Any, name: String, depth: Int) {
    guard depth < Self.deepest else { return }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .collection, .dictionary, .set:
      most[name] = max(most[name] ?? 0, mirror.children.count)
      // What an element holds is bounded like any other; a few of them show it.
      for child in mirror.children.prefix(Self.elements) {
        look(into: child.value, name: name + "[]", depth: depth + 1)
      }
    case .struct, .class, .tuple, .enum, .optional:
      for child in mirror.children {
        look(into: child.value, name: Self.join(name, child.label ?? ""), depth: depth + 1)
      }
    default: break
    }
  }

  private static func join(_ name: String, _ label: String) -> String {
    label.isEmpty || label == "some" ? name : name.isEmpty ? label : name + "." + label
  }

  private static let deepest = 12
  private static let elements = 4
}
