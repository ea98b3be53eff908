// SPDX-License-Identifier: GPL-3.0-or-later

/// Tells a server that its indication has arrived. Source: Core 5.4, vol. 3, part F, 3.4.7.3.
public enum ATTHandleValueConfirmation {
  public static let pdu: [UInt8] = [ATTOpcode.handleValueConfirmation.rawValue]
}
