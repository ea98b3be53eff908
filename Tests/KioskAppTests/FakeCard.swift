// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Testing
import Tracer

@testable import KioskApp

/// Cards in memory, with what the kernel does about masters, modes and flips, and screens that are plugged by hand.
final class FakeMachine: @unchecked Sendable {
  var cards: [FakeCardModel]
  /// Opens since the start.
  var opened = 0

  init(_ cards: [FakeCardModel]) { self.cards = cards }

  var source: Cards {
    Cards(
      paths: { self.cards.indices.map { "/dev/dri/card\($0)" } },
      open: { (path) throws(Cards.CardOpening) in
        guard let card = self.cards.enumerated().first(where: { "/dev/dri/card\($0.offset)" == path })?.element else {
          throw .system(CardError(code: ENOENT))
        }
        if let error = card.openError { throw error }
        self.opened += 1
        return FakeCard(card)
      })
  }

  var card: FakeCardModel { cards[0] }
}

/// The hardware and the kernel's part of one card.
final class FakeCardModel {
  struct Controller {
    var framebuffer: UInt32 = 0
    var mode: DisplayMode?
    /// Whether the screen gets a signal. One that was unplugged gets none until the mode is set from off.
    var isLit = false
  }

  var connectors: [Connector]
  var controllers: [UInt32: Controller] = [:]
  var openError: Cards.CardOpening?
  var otherMaster: Int32?
  /// What the next calls answer instead, in order.
  var modeErrors: [Int32] = []
  var flipErrors: [Int32] = []
  /// Modes that are more than the card can do.
  var impossible: [DisplayMode] = []
  /// Flips that have begun.
  var flips: [(crtc: UInt32, framebuffer: UInt32)] = []
  var completed = 0
  var buffers: [UInt32: (memory: UnsafeMutableRawBufferPointer, size: ScreenSize)] = [:]
  var calls: [String] = []
  var isOpen = false
  private var nextNumber: UInt32 = 100

  static let pad = 64  // bytes after each row, as cards have them

  init(_ connectors: [Connector]) { self.connectors = connectors }

  deinit { for (memory, _) in buffers.values { memory.deallocate() } }

  func unplug(_ index: Int = 0) {
    connectors[index].state = .disconnected
    connectors[index].modes = []
    for crtc in controllers.keys { controllers[crtc]?.isLit = false }
  }

  func plug(_ modes: [DisplayMode], at index: Int = 0) {
    connectors[index].state = .connected
    connectors[index].modes = modes
  }

  func completeFlips() {
    for flip in flips {
      controllers[flip.crtc]?.framebuffer = flip.framebuffer
      completed += 1
    }
    flips = []
  }

  func makeNumber() -> UInt32 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  /// What a person sees at a controller; nil: nothing.
  func seen(_ crtc: UInt32) -> [UInt32]? {
    guard let controller = controllers[crtc], controller.isLit, let mode = controller.mode,
      let (memory, size) = buffers[controller.framebuffer]
    else { return nil }
    #expect(size == mode.size)
    let pitch = size.width * 4 + Self.pad
    return (0..<size.height).flatMap { y in
      (0..<size.width).map { x in memory.load(fromByteOffset: y * pitch + 4 * x, as: UInt32.self) & 0xFFFFFF }
    }
  }
}

final class FakeCard: ModesettingCard {
  private let model: FakeCardModel
  private var own: [UInt32] = []

  init(_ model: FakeCardModel) {
    self.model = model
    model.isOpen = true
  }

  let descriptor: Int32 = -1

  func takeMaster() throws(CardError) {
    if let code = model.otherMaster { throw CardError(code: code) }
  }

  func connectors(probing: Bool) throws(CardError) -> [Connector] {
    if case .system(let error) = model.openError { throw error }
    model.calls.append(probing ? "probe" : "look")
    return model.connectors
  }

  func makeBuffer(_ size: ScreenSize) throws(CardError) -> CardBuffer {
    let pitch = size.width * 4 + FakeCardModel.pad
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: pitch * size.height, alignment: 8)
    memory.initializeMemory(as: UInt8.self, repeating: 0xEE)
    let number = model.makeNumber()
    guard let target = ScanoutTarget(memory: memory, size: size, pitch: pitch, format: .xrgb8888) else {
      throw CardError(code: EINVAL)
    }
    model.buffers[number] = (memory, size)
    own.append(number)
    return CardBuffer(framebuffer: number, handle: number, target: target)
  }

  func release(_ buffer: CardBuffer) {
    own.removeAll { $0 == buffer.handle }
    // The kernel switches a controller off whose picture goes.
    for (crtc, controller) in model.controllers where controller.framebuffer == buffer.framebuffer {
      model.controllers[crtc] = .init()
    }
    model.buffers.removeValue(forKey: buffer.handle)?.memory.deallocate()
  }

  func controller(_ crtc: UInt32) -> ControllerState? {
    model.controllers[crtc].map { ControllerState(crtc: crtc, framebuffer: $0.framebuffer, mode: $0.mode) }
  }

  func setMode(
    _ mode: DisplayMode, crtc: UInt32, connector: UInt32, buffer: CardBuffer
  ) throws(CardError) {
    model.calls.append("mode \(mode.size)")
    if !model.modeErrors.isEmpty { throw CardError(code: model.modeErrors.removeFirst()) }
    if model.impossible.contains(mode) { throw CardError(code: ENOSPC) }
    if model.flips.contains(where: { $0.crtc == crtc }) { model.flips = [] }
    let isPlugged = model.connectors.contains { $0.id == connector && $0.state != .disconnected }
    var controller = model.controllers[crtc] ?? .init()
    // A mode that is set already is left alone.
    if controller.mode != mode { controller.isLit = isPlugged }
    (controller.mode, controller.framebuffer) = (mode, buffer.framebuffer)
    model.controllers[crtc] = controller
  }

  func switchOff(crtc: UInt32) throws(CardError) {
    model.calls.append("off")
    model.controllers[crtc] = .init()
  }

  func restore(_ state: ControllerState, connector: UInt32) throws(CardError) {
    model.calls.append("restore \(state.framebuffer)")
    model.controllers[state.crtc] = .init(framebuffer: state.framebuffer, mode: state.mode, isLit: true)
  }

  func flip(crtc: UInt32, to buffer: CardBuffer) throws(CardError) {
    model.calls.append("flip")
    if !model.flipErrors.isEmpty { throw CardError(code: model.flipErrors.removeFirst()) }
    guard model.controllers[crtc]?.mode != nil else { throw CardError(code: EINVAL) }
    guard model.flips.isEmpty else { throw CardError(code: EBUSY) }
    model.flips.append((crtc, buffer.framebuffer))
  }

  func takeFlips() throws(CardError) -> Int {
    defer { model.completed = 0 }
    return model.completed
  }

  func close() {
    #expect(own.isEmpty, "buffers are given back before their card")
    model.isOpen = false
    model.calls.append("close")
  }
}
