// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore

/// A graphics card that shows pictures from memory, as the presenter needs it: the kernel's, or a fake.
///
/// Used by one thread. Every error carries the errno.
protocol ModesettingCard: AnyObject {
  /// Readable when flips have completed; -1: nothing to wait for.
  var descriptor: Int32 { get }

  /// Becomes the one who may set modes (DRM master). Throws EBUSY, EACCES or EINVAL while another is.
  func takeMaster() throws(CardError)

  /// All connectors, as they are.
  /// - Parameter probing: asks what is plugged in, which can take a tenth of a second; otherwise the kernel tells what it
  ///   knew.
  func connectors(probing: Bool) throws(CardError) -> [Connector]

  /// A buffer for a picture of `size`, of 32 bits a pixel.
  func makeBuffer(_ size: ScreenSize) throws(CardError) -> CardBuffer
  func release(_ buffer: CardBuffer)

  /// What a display controller shows now; nil when that cannot be told.
  func controller(_ crtc: UInt32) -> ControllerState?

  /// Shows `buffer` at the connector, in `mode`. The driver need not touch a mode that is already set.
  func setMode(_ mode: DisplayMode, crtc: UInt32, connector: UInt32, buffer: CardBuffer) throws(CardError)
  func switchOff(crtc: UInt32) throws(CardError)
  /// Shows what was there before us.
  func restore(_ state: ControllerState, connector: UInt32) throws(CardError)

  /// Shows `buffer` from the next vertical blank on; then the descriptor becomes readable.
  func flip(crtc: UInt32, to buffer: CardBuffer) throws(CardError)
  /// How many flips have completed since the last call. Does not block.
  func takeFlips() throws(CardError) -> Int

  /// Gives up being master, and the card. What the kernel's console showed is then shown again.
  func close()
}

/// What the kernel answered, a positive errno.
struct CardError: Error, Equatable {
  var code: Int32
}

/// A way out of a card, and what is plugged in there.
struct Connector: Equatable {
  enum State: Equatable {
    case connected, disconnected
    /// The driver cannot tell, as with analogue outputs and some panels.
    case unknown
  }

  var id: UInt32
  /// As the kernel names it: `HDMI-A-1`.
  var name: String
  var state: State
  /// In the screen's order of preference.
  var modes: [DisplayMode] = []
  /// What the screen says of its size, mm; 0: nothing. Source: EDID.
  var width = 0
  var height = 0
  /// The display controller that serves it now.
  var crtc: UInt32?
  /// Those that can, in the card's order.
  var possibleCRTCs: [UInt32] = []
}

/// A resolution with its timings.
struct DisplayMode: Equatable {
  var width: Int
  var height: Int
  /// Hz, rounded.
  var refresh: Int
  var isPreferred = false
  var isInterlaced = false
  /// The kernel's struct drm_mode_modeinfo, byte by byte.
  var timings: [UInt8] = []

  var size: ScreenSize { ScreenSize(width: width, height: height) }
}

/// What a display controller shows.
struct ControllerState: Equatable {
  var crtc: UInt32
  /// 0: nothing.
  var framebuffer: UInt32
  var x: UInt32 = 0
  var y: UInt32 = 0
  /// nil while it is off.
  var mode: DisplayMode?
}

/// Memory that a card shows.
final class CardBuffer {
  let framebuffer: UInt32
  let target: ScanoutTarget
  /// Of the card's own.
  let handle: UInt32

  init(framebuffer: UInt32, handle: UInt32, target: ScanoutTarget) {
    self.framebuffer = framebuffer
    self.handle = handle
    self.target = target
  }
}

/// The machine's cards.
struct Cards: Sendable {
  /// Their devices, in order.
  var paths: @Sendable () -> [String]
  var open: @Sendable (String) throws(CardOpening) -> any ModesettingCard

  /// Why a device is not used.
  enum CardOpening: Error, Equatable {
    /// It shows no pictures, or has no memory for them that we can write: a renderer alone.
    case notForScreens
    case system(CardError)
  }
}
