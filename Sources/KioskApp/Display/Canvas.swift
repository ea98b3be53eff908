// SPDX-License-Identifier: GPL-3.0-or-later
import CPangoCairo
import KioskCore

/// A picture in memory that scenes are drawn into; from one to the next it draws only what changed.
///
/// Pixels are 32 bits, blue in the lowest byte, the highest unused: `DRM_FORMAT_XRGB8888`. Not for use from
/// two threads at once.
final class Canvas {
  /// The size of the picture, in pixels.
  let size: ScreenSize

  private let surface: OpaquePointer
  private let cairo: OpaquePointer
  private let typesetter: Typesetter
  private var shown: Scene?
  private var codes: [String: QRCode] = [:]
  /// The size of each group of the newest scene.
  private var groupSizes: [[Scene.Text]: Int] = [:]

  /// More different codes than any page has; at the limit all are forgotten and made again.
  private static let rememberedCodes = 8

  /// An undefined picture until the first scene. Throws `drawing` if there is no memory for it, and `fontMissing`.
  init(size: ScreenSize, fontFamily: String = Typesetter.family) throws(DisplayError) {
    let (width, height) = (Int32(clamping: size.width), Int32(clamping: size.height))
    guard let surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height),
      let cairo = cairo_create(surface), let typesetter = try Typesetter(cairo: cairo, family: fontFamily)
    else { throw .drawing(size: size, reason: "out of memory") }
    self.size = size
    self.surface = surface
    self.cairo = cairo
    self.typesetter = typesetter
    try check()
  }

  deinit {
    cairo_destroy(cairo)
    cairo_surface_destroy(surface)
  }

  /// Draws what differs from the scene before; returns the boxes that were drawn, none for an equal scene.
  ///
  /// A scene for another size is drawn at its own size into the top left corner. Throws `addressTooLong`,
  /// `qr` or `qrTooSmall` for a QR that cannot be drawn, `drawing` if Cairo refuses; the next scene is then
  /// drawn in full.
  @discardableResult
  func draw(_ scene: Scene) throws(DisplayError) -> [Box] {
    let scene = withGroupsSet(scene)
    let damage = damage(from: shown, to: scene)
    shown = nil
    for box in damage { try draw(scene, in: box) }
    cairo_surface_flush(surface)
    try check()
    shown = scene
    return damage
  }

  /// How `text` would be set: for tests, which hold every text to its box.
  func fit(_ text: Scene.Text) -> Typesetter.Fit { typesetter.fit(text) }

  /// The scene with every text of a group at the largest size that fits all of the group.
  func withGroupsSet(_ scene: Scene) -> Scene {
    var members: [Int: [Int]] = [:]
    for (index, element) in scene.elements.enumerated() {
      if case .text(let text) = element, text.group != 0 { members[text.group, default: []].append(index) }
    }
    var (scene, sizes) = (scene, [[Scene.Text]: Int]())
    for indices in members.values {
      let texts = indices.compactMap { if case .text(let text) = scene.elements[$0] { text } else { nil } }
      let known = groupSizes[texts]
      let size = known ?? texts.map { Int(typesetter.fit($0).size) }.min() ?? 0
      sizes[texts] = size
      for (index, var text) in zip(indices, texts) {
        text.size = size
        scene.elements[index] = .text(text)
      }
    }
    // Only of the newest scene, or every new figure would be remembered.
    groupSizes = sizes
    return scene
  }

  /// Lends the pixels, row by row; a row is `pitch` bytes.
  func withPixels<Result>(_ body: (_ pixels: UnsafeRawBufferPointer, _ pitch: Int) -> Result) -> Result {
    let pitch = Int(cairo_image_surface_get_stride(surface))
    let data = cairo_image_surface_get_data(surface)
    return body(UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : pitch * size.height), pitch)
  }

  /// Writes the picture as PNG. Throws `writing`.
  func writePNG(to path: String) throws(DisplayError) {
    let status = cairo_surface_write_to_png(surface, path)
    guard status == CAIRO_STATUS_SUCCESS else { throw .writing(path: path, reason: Canvas.words(status)) }
  }

  /// Draws another picture, scaled, into a box. The next scene is drawn in full.
  func paste(_ other: Canvas, into box: Box) {
    shown = nil
    cairo_save(cairo)
    defer { cairo_restore(cairo) }
    clip(to: box)
    cairo_translate(cairo, Double(box.x), Double(box.y))
    cairo_scale(
      cairo, Double(box.width) / Double(other.size.width), Double(box.height) / Double(other.size.height))
    cairo_set_source_surface(cairo, other.surface, 0, 0)
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_BEST)
    cairo_paint(cairo)
  }

  // MARK: What changed

  /// The boxes in which the two scenes may differ.
  private func damage(from old: Scene?, to new: Scene) -> [Box] {
    let everything = [Box(x: 0, y: 0, width: size.width, height: size.height)]
    guard let old, old.size == new.size, old.background == new.background else { return everything }
    var boxes: [Box] = []
    func add(_ box: Box) {
      if !box.isEmpty, !boxes.contains(where: { $0.contains(box) }) { boxes.append(box) }
    }
    if old.elements.count == new.elements.count {
      for (before, after) in zip(old.elements, new.elements) where before != after {
        add(before.box)
        add(after.box)
      }
      return boxes
    }
    // Something came or went: all between the first and the last difference is drawn again.
    let shorter = min(old.elements.count, new.elements.count)
    var head = 0
    while head < shorter, old.elements[head] == new.elements[head] { head += 1 }
    var tail = 0
    while tail < shorter - head,
      old.elements[old.elements.count - 1 - tail] == new.elements[new.elements.count - 1 - tail]
    { tail += 1 }
    for scene in [old, new] {
      for element in scene.elements[head..<(scene.elements.count - tail)] { add(element.box) }
    }
    return boxes
  }

  // MARK: Drawing

  private func draw(_ scene: Scene, in box: Box) throws(DisplayError) {
    cairo_save(cairo)
    defer { cairo_restore(cairo) }
    clip(to: box)
    set(scene.background)
    cairo_paint(cairo)
    for element in scene.elements where element.box.intersects(box) {
      switch element {
      case .rectangle(let rectangle): draw(rectangle)
      case .text(let text): draw(text)
      case .qr(let qr): try draw(qr)
      case .icon(let icon): draw(icon)
      }
    }
  }

  private func draw(_ rectangle: Scene.Rectangle) {
    let box = rectangle.box
    set(rectangle.colour)
    let radius = Double(min(rectangle.cornerRadius, box.width / 2, box.height / 2))
    if radius <= 0 {
      addPath(box)
    } else {
      let quarter = Double.pi / 2
      let (left, top) = (Double(box.x) + radius, Double(box.y) + radius)
      let (right, bottom) = (Double(box.maxX) - radius, Double(box.maxY) - radius)
      cairo_new_sub_path(cairo)
      cairo_arc(cairo, right, top, radius, -quarter, 0)
      cairo_arc(cairo, right, bottom, radius, 0, quarter)
      cairo_arc(cairo, left, bottom, radius, quarter, 2 * quarter)
      cairo_arc(cairo, left, top, radius, 2 * quarter, 3 * quarter)
      cairo_close_path(cairo)
    }
    cairo_fill(cairo)
  }

  private func draw(_ text: Scene.Text) {
    cairo_save(cairo)
    defer { cairo_restore(cairo) }
    clip(to: text.box)
    set(text.colour)
    typesetter.draw(text)
  }

  private func draw(_ qr: Scene.QR) throws(DisplayError) {
    let code = try code(for: qr.address)
    let room = min(qr.box.width, qr.box.height)
    let module = code.pixelsPerModule(in: room)
    guard module > 0 else { throw .qrTooSmall(modules: code.side + 2 * QRCode.quietZone, pixels: room) }
    let all = module * (code.side + 2 * QRCode.quietZone)
    let square = qr.box.centredSquare(atMost: all)
    set(qr.light)
    addPath(square)
    cairo_fill(cairo)
    set(qr.dark)
    let inner = square.inset(module * QRCode.quietZone)
    for row in 0..<code.side {
      var column = 0
      while column < code.side {
        let start = column
        while code.isDark(column: column, row: row) { column += 1 }
        if column > start {
          addPath(
            Box(
              x: inner.x + start * module, y: inner.y + row * module, width: (column - start) * module,
              height: module))
        }
        column += 1
      }
    }
    cairo_fill(cairo)
  }

  private func draw(_ icon: Scene.Icon) {
    let square = icon.box.centredSquare()
    guard !square.isEmpty else { return }
    cairo_save(cairo)
    defer { cairo_restore(cairo) }
    clip(to: icon.box)
    cairo_translate(cairo, Double(square.x), Double(square.y))
    cairo_scale(cairo, Double(square.width) / 100, Double(square.width) / 100)
    IconPainter(cairo: cairo, colour: icon.colour, ground: icon.ground).draw(icon.shape)
  }

  private func code(for address: String) throws(DisplayError) -> QRCode {
    if let code = codes[address] { return code }
    let code = try QRCode(address)
    if codes.count >= Canvas.rememberedCodes { codes.removeAll() }
    codes[address] = code
    return code
  }

  private func clip(to box: Box) {
    addPath(box)
    cairo_clip(cairo)
  }

  private func addPath(_ box: Box) {
    cairo_rectangle(cairo, Double(box.x), Double(box.y), Double(box.width), Double(box.height))
  }

  private func set(_ colour: Colour) {
    cairo_set_source_rgb(
      cairo, Double(colour.red) / 255, Double(colour.green) / 255, Double(colour.blue) / 255)
  }

  private func check() throws(DisplayError) {
    for status in [cairo_status(cairo), cairo_surface_status(surface)] where status != CAIRO_STATUS_SUCCESS {
      throw .drawing(size: size, reason: Canvas.words(status))
    }
  }

  private static func words(_ status: cairo_status_t) -> String {
    cairo_status_to_string(status).map { String(cString: $0) } ?? "unknown error"
  }
}
