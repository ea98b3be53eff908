// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import Synchronization

/// Who uses this program, and who would be allowed to.
enum Login {
  /// The user who logged in, also behind `sudo`; else the user whose program this is.
  ///
  /// Source: proc(5), /proc/pid/loginuid: the kernel keeps it through every change of the user. It is all ones where
  /// nobody logged in.
  static func name() -> String {
    let bytes = (try? Files.read("/proc/self/loginuid", limit: 64)) ?? []
    let text = String(decoding: bytes, as: UTF8.self).filter { $0.isNumber }
    if let id = uid_t(text), id != uid_t.max { return name(of: id) }
    if let sudo = getenv("SUDO_UID"), let id = uid_t(String(cString: sudo)) { return name(of: id) }
    return name(of: getuid())
  }

  /// The data folder of this run's settings: its owner is who must type the kiosk's commands.
  static let dataFolder = Mutex<String?>(nil)

  /// Whether this user is the data folder's owner, and the path leads elsewhere: to type the command as somebody else
  /// would not help then.
  private static func isRightUser(_ path: String) -> Bool {
    guard let folder = dataFolder.withLock({ $0 }), !(path + "/").hasPrefix(folder + "/") else { return false }
    var facts = stat()
    return stat(folder, &facts) == 0 && facts.st_uid == geteuid()
  }

  /// A file in a folder of this user's own that belongs to somebody else, as a copy that root has put back.
  static func strayFile(in folder: String) -> (path: String, owner: String)? {
    for name in Files.names(in: folder).sorted() {
      var facts = stat()
      let path = "\(folder)/\(name)"
      if lstat(path, &facts) == 0, facts.st_uid != geteuid() { return (path, Self.name(of: facts.st_uid)) }
    }
    return nil
  }

  /// What somebody must do who may not use a file: "; it belongs to user kiosk: …". nil where it is this user's own.
  static func advice(for path: String) -> String? {
    var place = path
    var facts = stat()
    // What lies in a folder that is closed to this user cannot be asked for its owner: the folder can.
    while stat(place, &facts) != 0 {
      let above = Files.folder(of: place)
      guard above != place, above != "." else { return nil }
      place = above
    }
    guard facts.st_uid != geteuid() else { return nil }
    let owner = name(of: facts.st_uid)
    if isRightUser(path) {
      return
        "; it belongs to user \(owner), and the user \(name(of: geteuid())) may not use it: choose another place, or "
        + "give that user the right to it (a stick is mounted with uid=\(name(of: geteuid())))"
    }
    if facts.st_uid == 0 { return "; it belongs to root: type sudo before the command" }
    // A shell takes a number's sign for a comment.
    let quoted = owner.hasPrefix("#") ? "'\(owner)'" : owner
    return "; it belongs to user \(owner): type it as that user, sudo -u \(quoted) kiosk …"
  }

  /// The name of a user, or the number where there is no name.
  static func name(of user: uid_t) -> String {
    guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "#\(user)" }
    return String(cString: name)
  }
}
