// SPDX-License-Identifier: GPL-3.0-or-later

/// Further apps beside Bluezone: a card each, with its code.
extension Sheet {
  mutating func apps(part: Int, in content: Box) {
    let parts = state.site.appParts
    guard parts.indices.contains(part - 1) else { return home(in: content) }
    var area = content
    heading(.apps, .title, from: &area, hasSubtitle: !hasBand)
    _ = area.takeTop(px(type.isCompact ? 3 : 8))
    let codes = parts[part - 1]
    let (names, notes) = (newGroup(), newGroup())
    let gap = px(type.isCompact ? 7 : 14)
    var rest = area
    for (index, app) in codes.enumerated() {
      let left = codes.count - index
      if isPortrait {
        let height = (rest.height - (left - 1) * gap) / left
        upright(app, in: rest.takeTop(height, gap: gap), names, notes)
      } else {
        let width = (rest.width - (left - 1) * gap) / left
        lying(app, in: rest.takeLeft(width, gap: gap), names, notes)
      }
    }
  }

  /// Name over code over note.
  private mutating func lying(
    _ app: (name: String, code: ScreenState.App.Code), in box: Box, _ names: Int, _ notes: Int
  ) {
    fill(box, palette.codeCard, radius: 7)
    var area = box.inset(px(4))
    let name = area.takeTop(lines(1, .body)).inset(horizontal: px(3), vertical: 0)
    text(app.name, in: name, .body, palette.ink, weight: .bold, .centre, group: names)
    let note = area.takeBottom(lines(1, .caption)).inset(horizontal: px(3), vertical: 0)
    text(self.note(app.code), in: note, .caption, palette.ink, .centre, group: notes)
    code(app.code.address, in: area)
  }

  /// Code beside name and note.
  private mutating func upright(
    _ app: (name: String, code: ScreenState.App.Code), in box: Box, _ names: Int, _ notes: Int
  ) {
    fill(box, palette.codeCard, radius: 7)
    var area = box.inset(px(4))
    code(app.code.address, in: area.takeLeft(min(area.height, area.width * 55 / 100), gap: px(4)))
    area = area.middle(lines(2, .body) + lines(2, .caption) + px(4))
    let note = area.takeBottom(lines(2, .caption), gap: px(4))
    text(app.name, in: area, .body, palette.ink, weight: .bold, .left, .bottom, wraps: true, group: names)
    text(self.note(app.code), in: note, .caption, palette.ink, .left, .top, wraps: true, group: notes)
  }

  /// Which phones the code is for, or where it leads.
  private func note(_ code: ScreenState.App.Code) -> String {
    code.store.map { say(ScreenText($0)) } ?? ScreenState.Site.short(code.address)
  }
}
