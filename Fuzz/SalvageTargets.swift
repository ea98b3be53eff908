// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  private static let pageBytes = 512

  /// Pages of a damaged database: the first is read with its rows, which go on where it says, on the others.
  static let storedPage = FuzzTarget(name: "stored-page", seeds: storedPageSeeds) { input in
    var input = FuzzInput(input)
    let choices = input.uint8()
    let usable = choices & 1 == 0 ? pageBytes : StoredPage.leastUsable + Int(choices >> 3)
    var pages: [[UInt8]] = []
    repeat {
      let piece = input.piece()
      pages.append(Array(piece.prefix(pageBytes)) + [UInt8](repeating: 0, count: max(pageBytes - piece.count, 0)))
    } while !input.isAtEnd
    let (first, all) = (pages[0], pages)
    guard let page = StoredPage(first.span, isFirst: choices & 2 != 0, usable: usable) else { return }
    hold(page.cells.count + page.damagedCells <= pageBytes / 2, "no more cells than pointers to them")
    hold(page.kind.isInterior != page.children.isEmpty, "interior pages have children, leaves none")
    hold(page.kind.holdsRows || page.cells.isEmpty, "an interior page of a table has no rows")
    for cell in page.cells {
      hold(cell.local.lowerBound >= 8 && cell.local.upperBound <= usable, "a row stands on its page")
      hold((cell.rowID != nil) == (page.kind == .tableLeaf), "rows of tables have numbers")
      hold(cell.payloadBytes <= CoreLimits.salvagedRowBytes, "no row is longer than any can be")
      hold((cell.overflow == nil) == (cell.local.count == cell.payloadBytes), "what is not here goes on elsewhere")
      var asked = 0
      let payload = StoredPage.payload(of: cell, on: first.span, usable: usable) { number in
        asked += 1
        return number == 0 ? nil : all[Int(number) % all.count]
      }
      hold(asked <= cell.payloadBytes / (usable - 4) + 1, "no more pages are asked for than the row needs")
      guard let payload else { continue }
      hold(payload.count == cell.payloadBytes, "a row is as long as it says")
      checkRow(payload)
    }
  }

  private static func checkRow(_ payload: [UInt8]) {
    guard let values = try? StoredRow.values(payload.span) else { return }
    hold(values.count <= CoreLimits.salvagedColumns, "no more columns than any table has")
    // Written by a second, plain writer it says the same again; a row may waste bytes in its head alone.
    let again = row(values)
    guard let read = try? StoredRow.values(again.span) else { fail("what was read can be written and read") }
    hold(read.count == values.count && zip(read, values).allSatisfy(isSame), "values stay")
    let kinds: [StoredShape.Kind] = [.integer, .real, .text, .blob, .any]
    for (i, kind) in kinds.enumerated() {
      let shape = StoredShape(
        table: "t", hasRowID: true,
        columns: values.map { _ in StoredShape.Column(name: "c", kind: kind, isNullable: i % 2 == 0) },
        leastColumns: values.count)
      let isAnything = values.allSatisfy { $0 != .null }
      if kind == .any { hold(shape.fits(values), "a table of anything takes it") }
      if shape.fits(values), kind == .blob, isAnything {
        hold(values.allSatisfy { if case .blob = $0 { true } else { false } }, "only blobs fit a table of blobs")
      }
    }
  }

  private static func isSame(_ one: StoredValue, _ other: StoredValue) -> Bool {
    // NaN is not equal to itself.
    if case .real(let one) = one, case .real(let other) = other { return one.bitPattern == other.bitPattern }
    return one == other
  }

  /// Frames of a write-ahead log, in pieces.
  static let storedJournal = FuzzTarget(name: "stored-journal", seeds: storedJournalSeeds) { input in
    var input = FuzzInput(input)
    let isHeadLost = input.uint8() & 1 != 0
    let head = input.piece()
    var frames: [[UInt8]] = []
    while !input.isAtEnd {
      let piece = input.piece()
      let count = StoredJournal.frameHeadBytes + pageBytes
      frames.append(Array(piece.prefix(count)) + [UInt8](repeating: 0, count: max(count - piece.count, 0)))
    }
    guard let first = frames.first,
      var journal = isHeadLost
        ? StoredJournal(firstFrame: first.span, pageBytes: pageBytes) : StoredJournal(head: head.span)
    else { return }
    var before = 0
    for frame in frames {
      journal.take(frame.span)
      hold(journal.rottenFrames >= before, "what has rotted stays so")
      before = journal.rottenFrames
    }
    hold(journal.frames.values.allSatisfy { (0..<frames.count).contains($0) }, "frames are those that were given")
    hold(journal.frames[0] == nil, "there is no page 0")
    hold(journal.rottenFrames < max(frames.count, 1), "a frame that ends a transaction is sound")
    hold(journal.frames.isEmpty == (journal.pages == 0), "what is committed says how large the database is")
  }

  // MARK: Seeds

  private static func varint(_ value: UInt64) -> [UInt8] {
    var groups: [UInt8] = [UInt8(value & 0x7F)]
    var rest = value >> 7
    while rest > 0 {
      groups.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return groups.reversed()
  }

  private static func row(_ values: [StoredValue]) -> [UInt8] {
    var (types, body): ([UInt8], [UInt8]) = ([], [])
    for value in values {
      switch value {
      case .null: types += [0]
      case .integer(let number):
        types += [6]
        body += Swift.withUnsafeBytes(of: number.bigEndian) { Array($0) }
      case .real(let number):
        types += [7]
        body += Swift.withUnsafeBytes(of: number.bitPattern.bigEndian) { Array($0) }
      case .text(let bytes):
        types += varint(UInt64(2 * bytes.count + 13))
        body += bytes
      case .blob(let bytes):
        types += varint(UInt64(2 * bytes.count + 12))
        body += bytes
      }
    }
    // The length counts itself.
    var head = varint(UInt64(types.count + 1))
    if head.count + types.count != types.count + 1 { head = varint(UInt64(types.count + head.count)) }
    return head + types + body
  }

  private static func page(_ kind: StoredPage.Kind, _ cells: [[UInt8]], right: UInt8 = 3) -> [UInt8] {
    var page = [UInt8](repeating: 0, count: pageBytes)
    let pointers = kind.isInterior ? 12 : 8
    page[0] = kind.rawValue
    page[4] = UInt8(cells.count)
    if kind.isInterior { page[11] = right }
    var end = pageBytes
    for (i, cell) in cells.enumerated() {
      end -= cell.count
      page.replaceSubrange(end..<end + cell.count, with: cell)
      page[pointers + 2 * i] = UInt8(end >> 8)
      page[pointers + 2 * i + 1] = UInt8(end & 0xFF)
    }
    return page
  }

  private static let storedPageSeeds: [[UInt8]] = {
    let values: [StoredValue] = [
      .null, .integer(1_763_686_800), .real(0.5), .text(Array("kiosk".utf8)), .blob([UInt8](repeating: 7, count: 12)),
    ]
    let short = row(values)
    let long = row([.integer(9), .blob([UInt8](repeating: 3, count: 700))])
    let local = StoredPage.localBytes(long.count, isIndex: false, usable: pageBytes)
    let leaf = page(
      .tableLeaf,
      [
        varint(UInt64(short.count)) + varint(7) + short,
        varint(UInt64(long.count)) + varint(8) + Array(long.prefix(local)) + [0, 0, 0, 1],
      ])
    let overflow = [0, 0, 0, 0] + Array(long.dropFirst(local))
    let index = page(.indexLeaf, [varint(UInt64(short.count)) + short])
    let interior = page(.indexInterior, [[0, 0, 0, 2] + varint(UInt64(short.count)) + short])
    let inner = page(.tableInterior, [[0, 0, 0, 2] + varint(300)])
    return [[0] + FuzzInput.piece(leaf) + FuzzInput.piece(overflow)]
      + [index, interior, inner].map { [0] + FuzzInput.piece($0) }
  }()

  private static let storedJournalSeeds: [[UInt8]] = {
    func number(_ value: UInt32) -> [UInt8] { Swift.withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    // Of the big-endian kind, as it is plainest to sum.
    func sum(_ bytes: [UInt8], _ start: (UInt32, UInt32)) -> (UInt32, UInt32) {
      var (first, second) = start
      for i in stride(from: 0, to: bytes.count - 7, by: 8) {
        let words = [i, i + 4].map { bytes[$0..<$0 + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        first = first &+ words[0] &+ second
        second = second &+ words[1] &+ first
      }
      return (first, second)
    }
    let start = number(0x377F_0683) + number(3_007_000) + number(UInt32(pageBytes)) + number(1) + number(11) + number(12)
    var running = sum(start, (0, 0))
    let head = start + number(running.0) + number(running.1)
    var frames: [UInt8] = []
    for (place, (page, size)) in [(1, 0), (2, 2), (1, 0), (2, 3)].enumerated() {
      let content = [UInt8](repeating: UInt8(place + 1), count: pageBytes)
      let begin = number(UInt32(page)) + number(UInt32(size))
      running = sum(begin + content, running)
      frames += FuzzInput.piece(begin + number(11) + number(12) + number(running.0) + number(running.1) + content)
    }
    return [[0] + FuzzInput.piece(head) + frames]
  }()
}
