// SPDX-License-Identifier: GPL-3.0-or-later

import CLinux
import Glibc
import Synchronization

/// The data folder, held by one running kiosk. It may be absent, full or read-only, and come later.
final class DataFolder: Sendable {
  let path: String
  private let lock = Mutex<Lock?>(nil)

  private struct Lock {
    var descriptor: Int32
    var file: FileNumber
  }

  init(_ path: String) { self.path = path }

  deinit { lock.withLock { if let lock = $0 { close(lock.descriptor) } } }

  /// Makes the folder where only it is missing, and takes its lock. Call it again at any time: it takes what is there
  /// now. A folder that cannot take a lock file is used without; the control socket then keeps a second kiosk out.
  ///
  /// - Parameter mayMake: false once there was a log or a key in it: a folder that has gone with them comes back with them.
  /// - Throws: `inUse`, or why the folder cannot be used.
  func take(mayMake: Bool = true) throws(StoreError) {
    try find(mayMake: mayMake)
    let file = path + "/lock"
    if let held = lock.withLock({ $0?.file }), FileNumber(file) == held { return }
    var descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    if descriptor < 0 { descriptor = open(file, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else {
      let code = errno
      if code == EACCES { throw StoreError(ofFolder: path, errno: code) }
      return replace(nil)
    }
    guard kiosk_lock(descriptor) == 0 else {
      close(descriptor)
      throw .inUse(folder: path)
    }
    guard let number = FileNumber(file) else {
      close(descriptor)
      return replace(nil)
    }
    replace(Lock(descriptor: descriptor, file: number))
  }

  private func replace(_ new: Lock?) {
    let old = lock.withLock { held in
      defer { held = new }
      return held
    }
    if let old { close(old.descriptor) }
  }

  private func find(mayMake: Bool) throws(StoreError) {
    var attributes = stat()
    if stat(path, &attributes) == 0 {
      guard attributes.st_mode & S_IFMT == S_IFDIR else { throw .inItsPlace(path: path, of: "the data folder") }
      // A disk that is not there yet: what is seen is the folder under it.
      guard !MountTable.isAwaited(path) else { throw .folderMissing(path: path) }
      return
    }
    let code = errno
    // Folders above are never made: they may be those of a disk that comes later.
    guard mayMake, code == ENOENT, Files.isThere(Files.folder(of: path)), !MountTable.isAwaited(path) else {
      throw StoreError(ofFolder: path, errno: code)
    }
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StoreError(ofFolder: path, errno: errno) }
  }
}

/// Which file a path leads to: another one after a disk was taken away, or put back.
struct FileNumber: Equatable, Sendable {
  var device: UInt64
  var inode: UInt64

  /// nil where there is none.
  init?(_ path: String) {
    var attributes = stat()
    guard stat(path, &attributes) == 0 else { return nil }
    device = UInt64(attributes.st_dev)
    inode = UInt64(attributes.st_ino)
  }
}

/// What the system is to mount, and what it has.
enum MountTable {
  /// Whether /etc/fstab names a disk for the path, or for a folder above it, that is not mounted.
  static func isAwaited(_ path: String) -> Bool {
    isAwaited(path, fstab: text("/etc/fstab"), mounts: text("/proc/self/mountinfo"))
  }

  /// Source: fstab(5), second field; proc_pid_mountinfo(5), fifth field.
  static func isAwaited(_ path: String, fstab: String, mounts: String) -> Bool {
    let mounted = Set(fields(5, of: mounts))
    return fields(2, of: fstab).contains { point in
      point.count > 1 && (path == point || path.hasPrefix(point + "/")) && !mounted.contains(point)
    }
  }

  private static func fields(_ number: Int, of table: String) -> [String] {
    table.split(separator: "\n").compactMap { line -> String? in
      let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
      guard words.count >= number, words[0].first != "#" else { return nil }
      // The one character of paths that occurs in practice and cannot stand there as it is.
      return String(words[number - 1]).replacing("\\040", with: " ")
    }
  }

  private static func text(_ path: String) -> String {
    String(decoding: (try? Files.read(path, limit: AppLimits.mountTableBytes)) ?? [], as: UTF8.self)
  }
}

/// The kernel's id of this boot: new each time the machine starts, the same for every process until then.
enum Boot {
  /// Source: random(4), /proc/sys/kernel/random/boot_id.
  static func id() -> String {
    let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? []
    let text = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    return text.isEmpty ? "unknown" : text
  }
}
