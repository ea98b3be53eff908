// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import Glibc
import Tracer

/// The base key on the disk: made once, mode 0600; only a later day of the same key takes its place (`IdentityRatchet`).
struct IdentityFile {
  let path: String

  init(dataFolder: String) { path = Self.path(in: dataFolder) }

  static func path(in dataFolder: String) -> String { dataFolder + "/base-key.json" }

  private struct Document: Codable {
    var base_key: String
    var base_day: Int64
  }

  /// Makes a new key, of the day of `now`. It is whole and on the disk when this returns, or not there.
  ///
  /// - Throws: also when there is one; it is never overwritten, because every id this node ever sent hangs on it.
  func create(at now: UTCTime) throws(FileError) {
    var random = SystemRandomNumberGenerator()
    let key = (0..<BluezoneKey.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
    let day = SlotScheme.standard.slot(at: now).day
    let document = Document(base_key: Hex.string(key), base_day: day * 86_400)
    guard let json = try? JSONEncoder().encode(document) else {
      throw FileError("the base key could not be encoded")
    }
    try Files.create(path, Array(json) + [10])
  }

  func load() throws(FileError) -> BluezoneIdentity {
    guard Files.isThere(path) || errno != ENOENT else {
      throw FileError(
        "there is no key \(path). Put it back from a backup, or go on without it: kiosk begin --operator NAME --reason TEXT"
      )
    }
    let bytes = try Files.read(path, limit: 4096)
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
      let key = BluezoneKey(hex: document.base_key), document.base_day >= 0, document.base_day % 86_400 == 0
    else {
      throw FileError(
        "\(path) is damaged: it must hold base_key (64 hex digits) and base_day (seconds at a UTC midnight). Put "
          + "it back from a backup; without one move it away and say so: kiosk begin --operator NAME --reason TEXT")
    }
    var attributes = stat()
    if stat(path, &attributes) == 0, attributes.st_mode & 0o077 != 0 { chmod(path, 0o600) }
    return BluezoneIdentity(baseKey: key, baseDay: document.base_day / 86_400)
  }
}
