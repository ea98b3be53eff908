// SPDX-License-Identifier: GPL-3.0-or-later

/// Why the way to a controller failed, as a transport tells it.
public enum TransportFault: Error, Hashable, Sendable {
  /// No such adapter, or nothing listens at that address.
  case notFound
  /// Somebody else holds the adapter, or it is still up.
  case busy
  /// The kernel's setup of the adapter failed when it appeared, or is not over yet.
  case notSetUp
  /// The process lacks CAP_NET_ADMIN or CAP_NET_RAW, or may not open the socket's file.
  case notAllowed
  /// The adapter is switched off by software or a switch (rfkill).
  case switchedOff
  /// The kernel knows no Bluetooth at all.
  case noBluetooth
  /// The other side closed, or the adapter was removed.
  case closed
  /// The byte stream is out of step: no packet starts where one must.
  case outOfStep
  /// The controller took no bytes for so long that the app gave up.
  case congested
  /// Any other error of the system, by its number.
  case system(errno: Int32)
}

/// Why there is no radio.
public enum RadioFault: Error, Hashable, Sendable {
  case transport(TransportFault)
  case noReply(to: HCIOpcode)
  case refused(HCIOpcode, HCIStatus)
  /// The controller answers, but has forgotten what it was told: it was reset behind the host's back.
  case stateLost
  /// It scans and hears nothing for longer than is believable.
  case nothingHeard
  /// The controller takes no more commands.
  case noCredits
  case malformedReply(to: HCIOpcode)
  case hardwareError(code: UInt8)
  /// The controller cannot do Bluetooth LE.
  case noLowEnergy
  /// The transport neither opened nor failed in time.
  case openTimedOut
}

extension TransportFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFound: "no such adapter or controller socket; check the radio setting and that it is plugged in"
    case .busy: "another program uses the adapter; stop it (systemctl disable --now bluetooth)"
    case .notSetUp: "the kernel could not set it up when it was plugged in; plug it in anew"
    case .notAllowed: "not allowed to open it; the service needs CAP_NET_ADMIN and CAP_NET_RAW"
    case .switchedOff: "Bluetooth is switched off; run rfkill unblock bluetooth, or look for a switch"
    case .noBluetooth: "this system's kernel has no Bluetooth; load its modules (modprobe bluetooth)"
    case .closed: "the connection to the controller was closed"
    case .outOfStep: "the byte stream from the controller is garbled"
    case .congested: "the controller does not take what is sent to it"
    case .system(let errno): "system error \(errno)"
    }
  }
}

extension RadioFault: CustomStringConvertible {
  public var description: String {
    switch self {
    case .transport(let fault): fault.description
    case .noReply(let opcode): "the controller did not answer \(opcode)"
    case .stateLost: "the controller has restarted by itself"
    case .nothingHeard: "nothing at all was heard for too long"
    case .noCredits: "the controller takes no more commands"
    case .refused(let opcode, let status): "the controller refused \(opcode): \(status)"
    case .malformedReply(let opcode): "the controller's answer to \(opcode) is malformed"
    case .hardwareError(let code): "the controller reported hardware error \(code)"
    case .noLowEnergy: "this adapter cannot do Bluetooth Low Energy; use one of version 4.0 or later"
    case .openTimedOut: "opening the controller took too long"
    }
  }
}
