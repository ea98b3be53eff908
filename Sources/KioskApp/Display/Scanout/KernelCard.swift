// SPDX-License-Identifier: GPL-3.0-or-later
import CDRM
import Glibc
import KioskCore

/// A card of the kernel's, through libdrm.
final class KernelCard: ModesettingCard {
  private var fd: Int32
  private var buffers: [UInt32: cdrm_buffer] = [:]

  /// The machine's cards.
  static let cards = Cards(
    paths: { KernelCard.paths() },
    open: { (path) throws(Cards.CardOpening) in try KernelCard(path) })

  private static let folder = "/dev/dri"

  /// By number, since that is the order the kernel found them in; the names are not used for anything else.
  private static func paths() -> [String] {
    let names = Files.names(in: folder)
    let numbers = names.compactMap { $0.hasPrefix("card") ? Int($0.dropFirst(4)) : nil }
    return numbers.sorted().map { "\(folder)/card\($0)" }
  }

  /// Opens a card. Whoever opens one that nobody is master of, is.
  init(_ path: String) throws(Cards.CardOpening) {
    fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { throw .system(CardError(code: errno)) }
    guard cdrm_has_dumb_buffers(fd) == 1, let resources = drmModeGetResources(fd) else {
      Glibc.close(fd)
      fd = -1
      throw .notForScreens
    }
    let hasOutputs = resources.pointee.count_connectors > 0 && resources.pointee.count_crtcs > 0
    drmModeFreeResources(resources)
    guard hasOutputs else {
      Glibc.close(fd)
      fd = -1
      throw .notForScreens
    }
  }

  deinit { close() }

  var descriptor: Int32 { fd }

  func takeMaster() throws(CardError) {
    if drmIsMaster(fd) != 0 { return }
    try check(drmSetMaster(fd))
  }

  func close() {
    guard fd >= 0 else { return }
    for number in buffers.keys { release(number) }
    drmDropMaster(fd)
    Glibc.close(fd)
    fd = -1
  }

  // MARK: Connectors

  func connectors(probing: Bool) throws(CardError) -> [Connector] {
    guard let resources = drmModeGetResources(fd) else { throw CardError(code: errno) }
    defer { drmModeFreeResources(resources) }
    let crtcs = Self.list(resources.pointee.crtcs, resources.pointee.count_crtcs)
    var found: [Connector] = []
    for id in Self.list(resources.pointee.connectors, resources.pointee.count_connectors) {
      // One that goes away meanwhile (a dock) is left out.
      guard let pointer = probing ? drmModeGetConnector(fd, id) : drmModeGetConnectorCurrent(fd, id) else { continue }
      defer { drmModeFreeConnector(pointer) }
      found.append(connector(pointer.pointee, crtcs: crtcs))
    }
    return found
  }

  private func connector(_ one: drmModeConnector, crtcs: [UInt32]) -> Connector {
    let type = drmModeGetConnectorTypeName(one.connector_type).map { String(cString: $0) } ?? "Unknown"
    let state: Connector.State =
      switch one.connection {
      case DRM_MODE_CONNECTED: .connected
      case DRM_MODE_DISCONNECTED: .disconnected
      default: .unknown
      }
    var connector = Connector(id: one.connector_id, name: "\(type)-\(one.connector_type_id)", state: state)
    connector.modes = (0..<max(0, Int(one.count_modes))).map { DisplayMode(one.modes[$0]) }
    (connector.width, connector.height) = (Int(one.mmWidth), Int(one.mmHeight))
    for id in Self.list(one.encoders, one.count_encoders) {
      guard let encoder = drmModeGetEncoder(fd, id) else { continue }
      defer { drmModeFreeEncoder(encoder) }
      if id == one.encoder_id, encoder.pointee.crtc_id != 0 { connector.crtc = encoder.pointee.crtc_id }
      for (index, crtc) in crtcs.enumerated().prefix(32)
      where encoder.pointee.possible_crtcs >> UInt32(index) & 1 == 1 && !connector.possibleCRTCs.contains(crtc) {
        connector.possibleCRTCs.append(crtc)
      }
    }
    return connector
  }

  private static func list(_ start: UnsafeMutablePointer<UInt32>?, _ count: Int32) -> [UInt32] {
    guard let start, count > 0 else { return [] }
    return Array(UnsafeBufferPointer(start: start, count: Int(count)))
  }

  // MARK: Buffers

  func makeBuffer(_ size: ScreenSize) throws(CardError) -> CardBuffer {
    var buffer = cdrm_buffer()
    try check(cdrm_buffer_create(fd, UInt32(clamping: size.width), UInt32(clamping: size.height), &buffer))
    let memory = UnsafeMutableRawBufferPointer(start: buffer.memory, count: Int(clamping: buffer.size))
    guard let target = ScanoutTarget(memory: memory, size: size, pitch: Int(buffer.pitch), format: .xrgb8888)
    else {
      cdrm_buffer_destroy(fd, &buffer)
      throw CardError(code: EINVAL)
    }
    buffers[buffer.handle] = buffer
    return CardBuffer(framebuffer: buffer.framebuffer, handle: buffer.handle, target: target)
  }

  func release(_ buffer: CardBuffer) { release(buffer.handle) }

  private func release(_ handle: UInt32) {
    guard var buffer = buffers.removeValue(forKey: handle) else { return }
    cdrm_buffer_destroy(fd, &buffer)
  }

  // MARK: Showing

  func controller(_ crtc: UInt32) -> ControllerState? {
    guard let pointer = drmModeGetCrtc(fd, crtc) else { return nil }
    defer { drmModeFreeCrtc(pointer) }
    let one = pointer.pointee
    return ControllerState(
      crtc: crtc, framebuffer: one.buffer_id, x: one.x, y: one.y,
      mode: one.mode_valid != 0 ? DisplayMode(one.mode) : nil)
  }

  func setMode(
    _ mode: DisplayMode, crtc: UInt32, connector: UInt32, buffer: CardBuffer
  ) throws(CardError) {
    try set(mode, crtc: crtc, connector: connector, framebuffer: buffer.framebuffer, x: 0, y: 0)
  }

  func restore(_ state: ControllerState, connector: UInt32) throws(CardError) {
    guard let mode = state.mode else { return try switchOff(crtc: state.crtc) }
    try set(mode, crtc: state.crtc, connector: connector, framebuffer: state.framebuffer, x: state.x, y: state.y)
  }

  func switchOff(crtc: UInt32) throws(CardError) {
    try check(drmModeSetCrtc(fd, crtc, 0, 0, 0, nil, 0, nil))
  }

  private func set(
    _ mode: DisplayMode, crtc: UInt32, connector: UInt32, framebuffer: UInt32, x: UInt32, y: UInt32
  ) throws(CardError) {
    guard var information = drmModeModeInfo(mode) else { throw CardError(code: EINVAL) }
    var connector = connector
    try check(drmModeSetCrtc(fd, crtc, framebuffer, x, y, &connector, 1, &information))
  }

  func flip(crtc: UInt32, to buffer: CardBuffer) throws(CardError) {
    try check(cdrm_flip(fd, crtc, buffer.framebuffer))
  }

  func takeFlips() throws(CardError) -> Int {
    let count = cdrm_take_flips(fd)
    try check(count)
    return Int(count)
  }

  /// libdrm gives errno below zero.
  private func check(_ code: Int32) throws(CardError) {
    if code < 0 { throw CardError(code: -code) }
  }
}

extension DisplayMode {
  fileprivate init(_ mode: drmModeModeInfo) {
    self.init(
      width: Int(mode.hdisplay), height: Int(mode.vdisplay), refresh: Int(mode.vrefresh),
      isPreferred: mode.type & UInt32(DRM_MODE_TYPE_PREFERRED) != 0,
      isInterlaced: mode.flags & UInt32(DRM_MODE_FLAG_INTERLACE) != 0,
      timings: withUnsafeBytes(of: mode) { Array($0) })
  }
}

extension drmModeModeInfo {
  fileprivate init?(_ mode: DisplayMode) {
    guard mode.timings.count == MemoryLayout<drmModeModeInfo>.size else { return nil }
    self.init()
    withUnsafeMutableBytes(of: &self) { $0.copyBytes(from: mode.timings) }
  }
}
