// SPDX-License-Identifier: GPL-3.0-or-later
import CQrencode
import Glibc
import KioskCore

/// The modules of a QR code at error correction level M: readable with 15 % of it scratched or in glare.
struct QRCode: Equatable {
  /// Modules on each side, quiet zone not included.
  let side: Int
  private let modules: [Bool]

  /// Light modules around the code that a reader needs. Source: ISO/IEC 18004, 5.3.8 (Model 2).
  static let quietZone = 4
  /// The most bytes a code holds at level M, version 40. Source: ISO/IEC 18004, table 7.
  static let longestAddress = 2331

  /// The code for `address`, in the smallest version that holds it.
  ///
  /// Throws `addressTooLong`, or `qr` when the library refuses, as it does an empty text.
  init(_ address: String) throws(DisplayError) {
    let bytes = Array(address.utf8)
    guard bytes.count <= QRCode.longestAddress else { throw .addressTooLong(bytes: bytes.count) }
    errno = 0
    guard let code = QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else {
      throw errno == ERANGE ? .addressTooLong(bytes: bytes.count) : .qr(code: errno)
    }
    defer { QRcode_free(code) }
    guard let data = code.pointee.data else { throw .qr(code: EINVAL) }
    side = Int(code.pointee.width)
    // The lowest bit of each byte is the colour. Source: qrencode.h, QRcode.
    modules = UnsafeBufferPointer(start: data, count: side * side).map { $0 & 1 == 1 }
  }

  /// Whether the module is dark; light outside the code, so the quiet zone can be asked too.
  func isDark(column: Int, row: Int) -> Bool {
    guard (0..<side).contains(column), (0..<side).contains(row) else { return false }
    return modules[row * side + column]
  }

  /// Pixels each module gets when the code and its quiet zone fill a square of `pixels`; zero without room.
  func pixelsPerModule(in pixels: Int) -> Int { pixels / (side + 2 * QRCode.quietZone) }
}
