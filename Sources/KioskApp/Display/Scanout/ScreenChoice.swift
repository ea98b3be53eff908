// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// Which connector, controller and mode of a card are used.
struct ScreenChoice: Equatable {
  var connector: Connector
  var crtc: UInt32
  var mode: DisplayMode

  /// Chooses among a card's connectors.
  /// - Parameters:
  ///   - name: the only one that may be used; nil: the first with a screen.
  ///   - refused: modes that the driver did not take.
  /// - Throws: why none can be used.
  static func make(
    among connectors: [Connector], named name: String?, refused: [DisplayMode] = []
  ) throws(ScreenFault) -> ScreenChoice {
    var candidates = connectors
    if let name {
      candidates = connectors.filter { $0.name == name }
      guard !candidates.isEmpty else { throw .noConnector(name, available: connectors.map(\.name)) }
    }
    let plugged = candidates.filter { $0.state == .connected }
    // What cannot tell is tried when nothing else is there, as drm_mode.h advises.
    let usable = plugged.isEmpty ? candidates.filter { $0.state == .unknown && !$0.modes.isEmpty } : plugged
    guard let first = usable.first else { throw name.map { .unplugged(connector: $0) } ?? .noScreen }
    let connector = usable.first { !$0.modes.isEmpty } ?? first
    guard let mode = mode(of: connector.modes, refused: refused) else { throw .noModes(connector: connector.name) }
    guard let crtc = crtc(for: connector, among: connectors) else {
      throw .noController(connector: connector.name)
    }
    return ScreenChoice(connector: connector, crtc: crtc, mode: mode)
  }

  /// The mode the screen prefers: its panel's own. Where the driver has refused that, or none is named, the largest of
  /// the others, whole pictures before interlaced ones.
  private static func mode(of modes: [DisplayMode], refused: [DisplayMode]) -> DisplayMode? {
    let left = modes.filter { !refused.contains($0) }
    if let preferred = left.first(where: \.isPreferred) { return preferred }
    func rank(_ mode: DisplayMode) -> (Int, Int, Int) {
      // Over 60 Hz nothing is gained here, and a long cable suffers.
      (mode.isInterlaced ? 0 : 1, mode.width * mode.height, mode.refresh > 61 ? 0 : mode.refresh)
    }
    var best: DisplayMode?
    for mode in left where best.map({ rank(mode) > rank($0) }) ?? true { best = mode }
    return best
  }

  /// The controller that serves the connector already; else one that serves no other screen; else any that can.
  private static func crtc(for connector: Connector, among all: [Connector]) -> UInt32? {
    if let crtc = connector.crtc, connector.possibleCRTCs.contains(crtc) { return crtc }
    let taken = all.filter { $0.id != connector.id && $0.state == .connected }.compactMap(\.crtc)
    return connector.possibleCRTCs.first { !taken.contains($0) } ?? connector.possibleCRTCs.first
  }
}
