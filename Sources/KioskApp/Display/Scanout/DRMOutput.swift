// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Tracer

/// One screen in use: two buffers, of which one is seen while the other is written.
///
/// A picture is drawn in ordinary memory; what changed in it is copied into the hidden buffer, and a page flip shows that
/// from the next vertical blank on. So no half-drawn picture is ever seen.
final class DRMOutput {
  /// What went wrong.
  enum Failure: Error {
    case card(CardError, doing: Doing)
    case drawing(DisplayError)
  }

  /// What the card was asked for.
  enum Doing: String {
    case buffers = "memory for the picture"
    case mode = "the screen's resolution"
    case flip = "the next picture"
  }

  let card: any ModesettingCard
  let path: String
  let choice: ScreenChoice
  /// Of the picture, as it is seen.
  let size: ScreenSize

  private let rotation: ScreenRotation
  private let canvas: Canvas
  private let buffers: [CardBuffer]
  private var damage = [Damage(), Damage()]
  /// What the controller showed before us.
  private let before: ControllerState?
  /// The buffer that is seen; nil: none yet.
  private var seen: Int?
  private var flip: (to: Int, since: MonotonicTime)?
  /// Whether the canvas has what is not on its way to the screen.
  private var isStale = false
  private var needsMode = true
  /// The driver flips; else the mode is set with the other buffer instead.
  private var flips = true
  private var refusals = 0
  private var timeouts = 0
  private var retryAt: MonotonicTime?

  /// Takes memory for the pictures; shows nothing yet.
  init(
    card: any ModesettingCard, path: String, choice: ScreenChoice, rotation: ScreenRotation
  ) throws(Failure) {
    (self.card, self.path, self.choice, self.rotation) = (card, path, choice, rotation)
    size = rotation.size(of: choice.mode.size)
    do throws(DisplayError) { canvas = try Canvas(size: size) } catch { throw .drawing(error) }
    before = card.controller(choice.crtc)
    do throws(CardError) {
      let first = try card.makeBuffer(choice.mode.size)
      do throws(CardError) {
        buffers = [first, try card.makeBuffer(choice.mode.size)]
      } catch {
        card.release(first)
        throw error
      }
    } catch {
      throw .card(error, doing: .buffers)
    }
  }

  /// Whether something of ours is seen.
  var isLit: Bool { seen != nil }

  var nextDeadline: MonotonicTime? {
    if let flip { return flip.since.adding(milliseconds: AppLimits.flipMilliseconds) }
    return isStale ? retryAt : nil
  }

  /// Whether the controller shows none of our buffers, though it should.
  var isOverridden: Bool {
    guard seen != nil, flip == nil, let now = card.controller(choice.crtc) else { return false }
    return now.mode == nil || !buffers.contains { $0.framebuffer == now.framebuffer }
  }

  /// Sets the mode once more, with the next call of `present`: a screen that was unplugged needs that also when it is the
  /// same one.
  func setModeAgain() {
    guard seen != nil else { return }
    (needsMode, isStale, retryAt) = (true, true, nil)
  }

  /// Brings the scene to the screen, as far as that can be done now.
  func present(_ scene: Scene, at now: MonotonicTime) throws(Failure) {
    try takeFlips()
    if let flip {
      guard now.milliseconds(since: flip.since) >= AppLimits.flipMilliseconds else { return }
      // The event is lost: the screen was pulled out meanwhile, or the driver does not send any.
      self.flip = nil
      timeouts += 1
      if timeouts >= AppLimits.lostFlips { flips = false }
      setModeAgain()
    }
    if let retryAt, now < retryAt { return }
    retryAt = nil
    do throws(DisplayError) {
      for box in try canvas.draw(scene) {
        for index in damage.indices { damage[index].add(box) }
        isStale = true
      }
    } catch {
      throw .drawing(error)
    }
    guard isStale else { return }
    let hidden = seen.map { 1 - $0 } ?? 0
    copyDamage(to: hidden)
    if needsMode || !flips { try setMode(hidden) } else { try startFlip(to: hidden, at: now) }
  }

  /// Gives back all memory.
  /// - Parameter restoring: shows what was there before us.
  func close(restoring: Bool) {
    if restoring, seen != nil, let before, before.mode != nil, before.framebuffer != 0 {
      // When it fails the kernel does as much once the card is closed.
      try? card.restore(before, connector: choice.connector.id)
    }
    for buffer in buffers { card.release(buffer) }
    card.close()
  }

  private func copyDamage(to index: Int) {
    canvas.withPixels { pixels, pitch in
      for box in damage[index].boxes {
        buffers[index].target.copy(box, of: pixels, pitch: pitch, rotation: rotation)
      }
    }
    damage[index].clear()
  }

  private func setMode(_ index: Int) throws(Failure) {
    do throws(CardError) {
      // A driver leaves a mode alone that it believes to be set; a screen that was away needs it nevertheless.
      if needsMode, seen != nil { try? card.switchOff(crtc: choice.crtc) }
      try card.setMode(
        choice.mode, crtc: choice.crtc, connector: choice.connector.id, buffer: buffers[index])
    } catch {
      throw .card(error, doing: .mode)
    }
    (seen, needsMode, isStale) = (index, false, false)
  }

  private func startFlip(to index: Int, at now: MonotonicTime) throws(Failure) {
    do throws(CardError) {
      try card.flip(crtc: choice.crtc, to: buffers[index])
      (flip, isStale, refusals) = ((index, now), false, 0)
    } catch {
      switch error.code {
      case EBUSY where refusals < AppLimits.busyFlips:
        // One is on its way that is not ours to wait for.
        refusals += 1
        retryAt = now.adding(milliseconds: AppLimits.busyFlipMilliseconds)
      case EBUSY, EINVAL, ENOSYS, EOPNOTSUPP:
        // The controller was switched off behind our back, or the driver does not flip at all.
        refusals += 1
        if refusals > AppLimits.busyFlips + AppLimits.lostFlips { flips = false }
        setModeAgain()
        retryAt = now.adding(milliseconds: AppLimits.busyFlipMilliseconds)
      default: throw .card(error, doing: .flip)
      }
    }
  }

  private func takeFlips() throws(Failure) {
    do throws(CardError) {
      guard try card.takeFlips() > 0, let flip else { return }
      seen = flip.to
      self.flip = nil
      timeouts = 0
    } catch {
      throw .card(error, doing: .flip)
    }
  }
}
