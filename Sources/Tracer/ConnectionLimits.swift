// SPDX-License-Identifier: GPL-3.0-or-later

/// Bounds of what is spoken inside a connection.
extension TracerLimits {
  /// Longest ATT PDU that is offered and accepted, bytes: what Bluezone asks for. The server and the reader
  /// name the same one, as Core demands of a device that is both. A longer request is answered with Invalid
  /// PDU, a longer response ends the reading.
  public static let attMTU = 512
  /// Longest payload of an L2CAP frame, bytes. A frame that declares more is dropped and counted.
  public static let l2capPayloadBytes = attMTU
  /// Longest signalling frame, bytes: the least that Core allows on LE. A longer request is rejected with
  /// this number.
  public static let leSignallingBytes = 23
  /// Least that a controller's data packet holds, bytes. A smaller number is taken for this one.
  public static let leastACLDataBytes = 27
  /// Longest Device Name, bytes, as in Core. A longer one is cut before the character that no longer fits.
  public static let deviceNameBytes = 248
  /// Requests sent to read one device. A phone needs five to ten; one that needs more is given up as
  /// malformed.
  public static let gattRoundTrips = 64
}
