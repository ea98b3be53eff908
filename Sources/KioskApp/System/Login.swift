// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc

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

  /// The name of a user, or the number where there is no name.
  static func name(of user: uid_t) -> String {
    guard let entry = getpwuid(user), let name = entry.pointee.pw_name else { return "user \(user)" }
    return String(cString: name)
  }
}
