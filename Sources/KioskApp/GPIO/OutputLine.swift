// SPDX-License-Identifier: GPL-3.0-or-later
import Glibc

/// One output line that is open. It was inactive when it was opened, and is inactive when it has been closed.
///
/// Calls block for as long as the hardware takes: microseconds on a SoC, about a millisecond on an I2C
/// expander.
protocol OutputLine: AnyObject, Sendable {
  /// Makes the line active or inactive, whichever level that is.
  /// Errors: `.closed` after `close()`; `.system` when the kernel refuses, as when the chip has been
  /// unplugged.
  func set(_ active: Bool) throws(LineError)

  /// Makes the line inactive and gives it back; a second call does nothing. A line that is no longer referred
  /// to closes itself. After that the level is up to the wiring: pull the line to inactive. Source:
  /// gpioset(1).
  func close()
}

/// What can go wrong with a line.
enum LineError: Error, Equatable, Sendable {
  /// There is no `/dev/gpiochip*`.
  case noChips
  case noChip(label: String)
  /// Several chips have that label; none was touched.
  case severalChips(label: String)
  case noLine(name: String)
  /// Several lines have that name; none was touched.
  case severalLines(name: String)
  /// The chip has fewer lines.
  case noOffset(label: String, offset: UInt32)
  /// Somebody else has the line; `holder` is what they call themselves, when that is known. EBUSY.
  case busy(LineAddress, holder: String?)
  /// The line's chip may not be opened, or a chip on which it could be. EACCES or EPERM.
  case notAllowed(LineAddress)
  /// The line was set after it had been closed.
  case closed(LineAddress)
  /// Anything else that the kernel said.
  case system(LineAddress, errno: CInt)
  /// The line's chip tells no edges, or has no such pull resistor: it cannot be this input.
  case noInput(LineAddress, errno: CInt)
  /// The chips could not be listed.
  case cannotList(errno: CInt)
}

extension LineError: CustomStringConvertible {
  /// What is wrong, and what to do next.
  var description: String {
    let list = "'kiosk doctor' lists the chips and lines of this machine."
    switch self {
    case .noChips:
      return """
        This machine has no GPIO chip (no /dev/gpiochip*). Take the lines out of the configuration, or \
        enable GPIO in the kernel.
        """
    case .noChip(let label):
      return "No GPIO chip is labelled '\(label)'. Put a label that exists into the configuration: \(list)"
    case .severalChips(let label):
      return """
        Several GPIO chips are labelled '\(label)', so none was touched. Give the line by its name instead: \
        \(list)
        """
    case .noLine(let name):
      return "No GPIO line is called '\(name)'. Put a name that exists into the configuration: \(list)"
    case .severalLines(let name):
      return """
        Several GPIO lines are called '\(name)', so none was touched. Give the line by its chip's label and \
        its offset instead: \(list)
        """
    case .noOffset(let label, let offset):
      return """
        GPIO chip '\(label)' has no line at offset \(offset). Put a smaller offset into the configuration: \
        \(list)
        """
    case .busy(let address, GpiodLine.consumer?):
      return """
        GPIO line \(address) is already used by a kiosk. Give each line of the configuration an address of \
        its own, and stop any other kiosk that runs here.
        """
    case .busy(let address, let holder):
      let user = holder.map { "by '\($0)'" } ?? "by another program or by the kernel"
      return """
        GPIO line \(address) is already used \(user). Stop that program or take its overlay out of the boot \
        configuration, or wire the kiosk to another line.
        """
    case .notAllowed(let address):
      return """
        The kiosk is not allowed to open the GPIO chip of line \(address). Let its user read and write \
        /dev/gpiochip* (on Raspberry Pi OS: the group gpio), and its service use the device.
        """
    case .closed(let address):
      return """
        GPIO line \(address) was set after it had been closed. This is a fault of the kiosk: please report it.
        """
    case .system(let address, let errno):
      return """
        GPIO line \(address) failed: \(Self.words(errno)). Check that its chip is still connected, then \
        restart the kiosk.
        """
    case .noInput(let address, let errno):
      return """
        GPIO line \(address) cannot be an input that is watched: \(Self.words(errno)). Wire it to a line of the \
        board itself, or set its bias to "as-is" and use a resistor.
        """
    case .cannotList(let errno):
      return "The GPIO chips could not be listed: \(Self.words(errno)). Look into the kernel's log (dmesg)."
    }
  }

  private static func words(_ errno: CInt) -> String {
    strerror(errno).map { String(cString: $0) } ?? "error \(errno)"
  }
}
