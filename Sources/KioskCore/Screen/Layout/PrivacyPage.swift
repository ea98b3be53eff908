// SPDX-License-Identifier: GPL-3.0-or-later

/// The notice: who, what, why; how long, who sees it, what one can do.
extension Sheet {
  mutating func privacy(part: Int, in content: Box) {
    var area = content
    var head = area.takeTop(em(.title) * 12 / 10, gap: px(type.isCompact ? 2 : 6))
    let ofParts = "\(part)/\(PageName.privacyParts)"
    let law = say(.law)
    let isNarrow = type.isCompact || isPortrait
    let aside = isNarrow ? ofParts : law + " · " + ofParts
    let right = head.takeRight(head.width * (isNarrow ? 12 : 38) / 100, gap: px(6))
    text(aside, in: right, .caption, quiet, .right)
    text(say(.privacy), in: head, .title, foreground, weight: .bold)
    if isPortrait, !type.isCompact {
      text(law.replacing("\n", with: " "), in: area.takeBottom(lines(1, .caption), gap: px(4)), .caption, quiet)
    }
    let (labels, words) = (newGroup(), newGroup())
    let statements = part == 1 ? firstStatements : secondStatements
    for (index, statement) in statements.enumerated() {
      var row = area.takeTop(area.height / (statements.count - index))
      fill(Box(x: row.x, y: row.y, width: row.width, height: px(0.6)), palette.line)
      _ = row.takeTop(px(type.isCompact ? 2 : 5))
      let side = type.isCompact ? em(.body) * 5 / 4 : px(24)
      let sign = row.takeLeft(side, gap: px(type.isCompact ? 7 : 14))
      icon(statement.shape, in: Box(x: sign.x, y: sign.y, width: side, height: side), palette.accent, on: ground)
      let label = row.takeTop(lines(1, .body))
      text(statement.label, in: label, .body, foreground, weight: .bold, .left, .top, group: labels)
      text(statement.words, in: row, .body, foreground, .left, .top, wraps: true, group: words)
    }
  }

  private typealias Statement = (shape: Scene.Icon.Shape, label: String, words: String)

  private var firstStatements: [Statement] {
    let site = state.site
    let named = [site.operatorName, site.operatorContact].filter { !$0.isEmpty }.joined(separator: " · ")
    return [
      (.house, say(.who), site.operatorName.isEmpty ? say(.whoUnknown) : named),
      (.record, say(.what), say(.whatText)),
      (.bell, say(.why), say(.whyText)),
    ]
  }

  private var secondStatements: [Statement] {
    let site = state.site
    let contact = site.operatorContact.isEmpty ? say(.rightsDesk) : site.operatorContact
    let kept = ScreenText.howLongText.text(in: language, "\(site.contactDays)", "\(site.visitDays)")
    return [
      (.clockFace, say(.howLong), kept),
      (.eye, say(.whoSees), say(.whoSeesText)),
      (.speech, say(.rights), ScreenText.rightsText.text(in: language, contact)),
    ]
  }
}
