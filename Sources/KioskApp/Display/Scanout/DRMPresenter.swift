// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc
import KioskCore
import Tracer

/// Finds a screen on the machine's cards, shows scenes on it, and follows it when it is unplugged, exchanged or taken.
///
/// It sets modes and flips pages by the kernel's first modesetting calls (SetCrtc, PageFlip). One picture on one
/// controller is all it shows, and for that the atomic calls do nothing more, while old and small drivers lack them.
final class DRMPresenter: ScreenPresenter {
  private let cards: Cards
  private let connectorName: String?
  private let rotation: ScreenRotation

  private var output: DRMOutput?
  private var scene: Scene?
  private(set) var fault: ScreenFault? = .starting
  /// When the cards are looked at again; nil: now.
  private var lookAt: MonotonicTime?
  private var isHotplugged = false
  /// Modes that the driver did not take, of the screen that is plugged in.
  private var refused: [DisplayMode] = []
  private var startedAt: MonotonicTime?
  /// The last time that a mode was set again because of a hotplug, and how long the next waits for it.
  private var setAgain: (at: MonotonicTime, pause: Int64)?

  /// - Parameter connectorName: the only connector that may be used; nil: the first with a screen.
  init(cards: Cards, connectorName: String?, rotation: ScreenRotation) {
    (self.cards, self.connectorName, self.rotation) = (cards, connectorName, rotation)
  }

  var size: ScreenSize? { output?.size }

  var physicalSize: PhysicalSize? {
    guard let choice = output?.choice else { return nil }
    return PhysicalSize(told: choice.connector.width, choice.connector.height, pixels: choice.mode.size)?
      .turned(rotation)
  }

  var words: String? {
    guard let choice = output?.choice else { return nil }
    return "\(choice.connector.name), \(choice.mode.size) at \(choice.mode.refresh) Hz"
      + (physicalSize.map { ", \($0.words)" } ?? "")
  }

  var descriptor: Int32 { output?.card.descriptor ?? -1 }

  var nextDeadline: MonotonicTime? {
    guard let lookAt else { return MonotonicTime(milliseconds: .min) }
    return [lookAt, output?.nextDeadline].compactMap(\.self).min()
  }

  func show(_ scene: Scene) { self.scene = scene }

  func hotplug(connector: UInt32?, at now: MonotonicTime) {
    // Of another connector than ours, which is well.
    if let connector, let output, output.choice.connector.id != connector { return }
    guard !isHotplugged else { return }
    isHotplugged = true
    // A plug makes contact by and by, and the screen needs a moment to tell what it is.
    lookAt = now.adding(milliseconds: AppLimits.plugMilliseconds)
  }

  func advance(at now: MonotonicTime) throws(DisplayError) {
    if lookAt.map({ now >= $0 }) ?? true { look(at: now) }
    guard let output, let scene, scene.size == output.size else { return }
    do throws(DRMOutput.Failure) {
      try output.present(scene, at: now)
    } catch {
      switch error {
      case .drawing(let error): throw error
      case .card(let error, let doing): fail(error, doing: doing, at: now)
      }
    }
  }

  func close() {
    output?.close(restoring: true)
    output = nil
    scene = nil
  }

  // MARK: Looking

  private func look(at now: MonotonicTime) {
    let wasHotplugged = isHotplugged
    isHotplugged = false
    lookAt = now.adding(milliseconds: AppLimits.screenCheckMilliseconds)
    guard let output else { return start(at: now) }
    do throws(CardError) {
      // A screen that has just come may not have told its own mode at once.
      let isYoung = startedAt.map { now.milliseconds(since: $0) < AppLimits.youngScreenMilliseconds } ?? false
      let probing = wasHotplugged || isYoung && !output.choice.mode.isPreferred
      let connectors = try output.card.connectors(probing: probing)
      let connector = connectors.first { $0.id == output.choice.connector.id }
      guard let connector, connector.state != .disconnected else {
        refused = []
        lose(.unplugged(connector: output.choice.connector.name), at: now)
        // There may be another.
        return start(at: now)
      }
      if probing, let choice = try? ScreenChoice.make(among: connectors, named: connector.name, refused: refused),
        choice.mode != output.choice.mode || choice.connector.width != output.choice.connector.width
          || choice.connector.height != output.choice.connector.height
      {
        output.close(restoring: false)
        self.output = nil
        return start(at: now)
      }
      if wasHotplugged {
        setModeAgain(output, at: now)
      } else if output.isOverridden {
        output.setModeAgain()
      }
    } catch {
      fail(error, doing: .mode, at: now)
    }
  }

  /// Some screens pull their plug for a moment whenever a mode is set: without a pause that would go on for ever.
  private func setModeAgain(_ output: DRMOutput, at now: MonotonicTime) {
    if let last = setAgain {
      let next = last.at.adding(milliseconds: last.pause)
      if now < next {
        isHotplugged = true
        lookAt = next
        return
      }
    }
    let longest = AppLimits.longestPlugPauseMilliseconds
    let isCalm = setAgain.map { now.milliseconds(since: $0.at) >= 2 * longest } ?? true
    setAgain = (now, isCalm ? AppLimits.plugPauseMilliseconds : min(2 * (setAgain?.pause ?? 0), longest))
    output.setModeAgain()
  }

  /// Takes the first screen of the first card that has one.
  private func start(at now: MonotonicTime) {
    lookAt = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
    var worst = ScreenFault.noCard
    func note(_ fault: ScreenFault) {
      if case .noConnector(let name, let others) = fault, case .noConnector(_, let known) = worst {
        worst = .noConnector(name, available: known + others)
      } else if fault.weight > worst.weight {
        worst = fault
      }
    }
    for path in cards.paths() {
      do throws(Cards.CardOpening) {
        let card = try cards.open(path)
        do throws(ScreenFault) {
          output = try output(on: card, path: path)
          fault = nil
          startedAt = now
          lookAt = now.adding(milliseconds: AppLimits.screenCheckMilliseconds)
          return
        } catch {
          card.close()
          note(error)
        }
      } catch {
        switch error {
        case .notForScreens: note(.noUsableCard)
        case .system(let error) where [EACCES, EPERM].contains(error.code): note(.notAllowed(path: path))
        case .system(let error): note(.refused(doing: "to be opened", reason: error.words))
        }
      }
    }
    fault = worst
  }

  private func output(on card: any ModesettingCard, path: String) throws(ScreenFault) -> DRMOutput {
    let connectors: [Connector]
    do throws(CardError) {
      connectors = try card.connectors(probing: true)
    } catch {
      throw .refused(doing: "to tell its connectors", reason: error.words)
    }
    let choice = try ScreenChoice.make(among: connectors, named: connectorName, refused: refused)
    do throws(CardError) {
      try card.takeMaster()
    } catch {
      throw .inUse(path: path)
    }
    do throws(DRMOutput.Failure) {
      return try DRMOutput(card: card, path: path, choice: choice, rotation: rotation)
    } catch {
      switch error {
      case .drawing(let error): throw .refused(doing: DRMOutput.Doing.buffers.rawValue, reason: "\(error)")
      case .card(let error, let doing): throw .refused(doing: doing.rawValue, reason: error.words)
      }
    }
  }

  // MARK: Failing

  private func fail(_ error: CardError, doing: DRMOutput.Doing, at now: MonotonicTime) {
    guard let output else { return }
    let isOfMode = doing == .mode && [EINVAL, ENOSPC, ERANGE, E2BIG].contains(error.code)
    if isOfMode, refused.count < AppLimits.refusedModes,
      output.choice.connector.modes.contains(where: { $0 != output.choice.mode && !refused.contains($0) })
    {
      // More than the card or the cable can do: the next one.
      refused.append(output.choice.mode)
      output.close(restoring: false)
      self.output = nil
      return start(at: now)
    }
    if [EACCES, EPERM].contains(error.code) { return lose(.inUse(path: output.path), at: now) }
    if isOfMode { refused = [] }
    lose(.refused(doing: doing.rawValue, reason: error.words), at: now)
  }

  private func lose(_ fault: ScreenFault, at now: MonotonicTime) {
    output?.close(restoring: false)
    output = nil
    self.fault = fault
    lookAt = now.adding(milliseconds: AppLimits.screenRetryMilliseconds)
  }
}

extension CardError {
  /// The system's words.
  var words: String { strerror(code).map { String(cString: $0) } ?? "error \(code)" }
}

extension ScreenFault {
  /// Of several cards' faults the one that is nearest to a picture is told.
  fileprivate var weight: Int {
    switch self {
    case .starting, .noCard, .noFramebuffer, .unknownPixels: 0
    case .noUsableCard: 1
    case .noConnector: 2
    case .noScreen: 3
    case .notAllowed: 4
    case .unplugged: 5
    case .noController, .noModes: 6
    case .refused: 7
    case .inUse: 8
    }
  }
}
