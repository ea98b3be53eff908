// SPDX-License-Identifier: GPL-3.0-or-later

/// The Security Manager of a device that never pairs. Source: Core 5.4, vol. 3, part H, 3.3 and 3.5.5.
public enum SMP {
  public enum Code {
    public static let pairingRequest: UInt8 = 0x01
    public static let pairingFailed: UInt8 = 0x05
    public static let securityRequest: UInt8 = 0x0B
  }

  /// Reason of a Pairing Failed.
  public static let pairingNotSupported: UInt8 = 0x05

  /// What is to be sent back for one PDU, nil for nothing. Even a damaged request is refused: its sender
  /// would wait 30 s otherwise. A Security Request is a peripheral's, so only a central answers it (the same,
  /// 2.4.6).
  public static func answer(_ pdu: [UInt8], role: LERole) -> [UInt8]? {
    switch pdu.first {
    case Code.pairingRequest: [Code.pairingFailed, pairingNotSupported]
    case Code.securityRequest where role == .central: [Code.pairingFailed, pairingNotSupported]
    default: nil
    }
  }
}
