// SPDX-License-Identifier: GPL-3.0-or-later
import Foundation

/// Looks for byte strings, and for any eight bytes in a row of each, wherever they lie in the files of a folder.
struct ByteSearch {
  private static let piece = 8
  /// Which strings a piece is of.
  private var owners: [UInt64: Int32] = [:]
  /// By the first three bytes of a piece, so that most places need no more than a look.
  private var mayBegin = [UInt64](repeating: 0, count: 1 << 18)
  let count: Int

  /// - Parameter strings: at least eight bytes each.
  init(_ strings: some Sequence<[UInt8]>) {
    var count = 0
    for string in strings {
      var window: UInt64 = 0
      for (i, byte) in string.enumerated() {
        window = window << 8 | UInt64(byte)
        guard i >= Self.piece - 1 else { continue }
        owners[window] = Int32(count)
        let start = Int(window >> 40)
        mayBegin[start >> 6] |= 1 << UInt64(start & 63)
      }
      count += 1
    }
    self.count = count
  }

  struct Found {
    /// The strings of which a piece was found, by their numbers.
    var strings: Set<Int> = []
    /// Places by file.
    var places: [String: Int] = [:]
    /// Of all files.
    var bytes = 0
  }

  /// Every file below a folder, whatever it is called.
  func search(_ folder: String) throws -> Found {
    var found = Found()
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let path = folder + "/" + name
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue,
        let data = FileManager.default.contents(atPath: path)
      else { continue }
      found.bytes += data.count
      data.withUnsafeBytes { bytes in
        mayBegin.withUnsafeBufferPointer { mayBegin in
          var window: UInt64 = 0
          var i = 0
          while i < bytes.count {
            window = window << 8 | UInt64(bytes[i])
            i += 1
            let start = Int(window >> 40)
            guard i >= Self.piece, mayBegin[start >> 6] & (1 << UInt64(start & 63)) != 0, let owner = owners[window]
            else { continue }
            found.strings.insert(Int(owner))
            found.places[name, default: 0] += 1
          }
        }
      }
    }
    return found
  }
}
