// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

/// Brings scenes to a screen that comes and goes. It sees no clock: its thread, or a test, tells it the time.
protocol ScreenPresenter: AnyObject {
  /// The size of the picture; nil while there is no screen.
  var size: ScreenSize? { get }
  var physicalSize: PhysicalSize? { get }
  /// What is shown where, for people; nil while there is no screen.
  var words: String? { get }
  /// Why nothing is shown; nil while something is, or could be.
  var fault: ScreenFault? { get }
  /// To be polled for input; -1: nothing to wait for.
  var descriptor: Int32 { get }
  /// When `advance` next has something to do.
  var nextDeadline: MonotonicTime? { get }

  /// What is to be seen from now on. A scene of another size than `size` is not drawn.
  func show(_ scene: Scene)
  /// Something was plugged in or out.
  /// - Parameter connector: the card's number for it, where the kernel tells it.
  func hotplug(connector: UInt32?, at now: MonotonicTime)
  /// Does what is due. Throws when a scene cannot be drawn; a fault of the screen is kept in `fault` instead.
  func advance(at now: MonotonicTime) throws(DisplayError)
  /// Lets go of the screen, and shows again what it showed before.
  func close()
}

extension PhysicalSize {
  /// For people, whole millimetres.
  var words: String { "\(Int(widthMillimetres.rounded())) mm x \(Int(heightMillimetres.rounded())) mm" }
}
