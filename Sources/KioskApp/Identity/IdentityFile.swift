// SPDX-License-Identifier: GPL-3.0-or-later

import FoundationEssentials
import Glibc
import Tracer

/// The base key on the disk: made once, mode 0600, never written again.
struct IdentityFile {
  let path: String

  init(dataFolder: String) { path = dataFolder + "/base-key.json" }

  private struct Document: Codable {
    var base_key: String
    var base_day: Int64
  }

  /// Reads the identity, or makes it at `now` when there is none.
  ///
  /// - Throws: when the file is there and cannot be used; it is never overwritten, because every id this node ever
  ///   sent hangs on it.
  func loadOrCreate(at now: UTCTime) throws(FileError) -> BluezoneIdentity {
    if access(path, F_OK) != 0, errno == ENOENT {
      var random = SystemRandomNumberGenerator()
      let key = (0..<BluezoneKey.byteCount).map { _ in UInt8.random(in: 0...255, using: &random) }
      let day = SlotScheme.standard.slot(at: now).day
      let document = Document(base_key: Hex.string(key), base_day: day * 86_400)
      guard let json = try? JSONEncoder().encode(document) else {
        throw FileError("the base key could not be encoded")
      }
      try Files.create(path, Array(json) + [10])
    }
    return try load()
  }

  func load() throws(FileError) -> BluezoneIdentity {
    let bytes = try Files.read(path, limit: 4096)
    guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
      let key = BluezoneKey(hex: document.base_key), document.base_day >= 0, document.base_day % 86_400 == 0
    else {
      throw FileError(
        "\(path) is damaged: it must hold base_key (64 hex digits) and base_day (seconds at a UTC midnight). Put "
          + "it back from a backup, or move it away to start with a new identity")
    }
    var attributes = stat()
    if stat(path, &attributes) == 0, attributes.st_mode & 0o077 != 0 { chmod(path, 0o600) }
    return BluezoneIdentity(baseKey: key, baseDay: document.base_day / 86_400)
  }
}
