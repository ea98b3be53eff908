// SPDX-License-Identifier: GPL-3.0-or-later

import Glibc
import KioskCore

/// The pages of a damaged database, as its file and its write-ahead log have them together. Holds no more of it than a page.
final class SalvageFile {
  let descriptor: Int32
  private let journalDescriptor: Int32
  private(set) var pageBytes = 4096
  /// Bytes of a page that SQLite uses.
  private(set) var usable = 4096
  /// Pages of the file and the write-ahead log, whatever the header says.
  private(set) var pages: UInt32 = 0
  private var frames: [UInt32: Int] = [:]
  /// Frames of the write-ahead log that have rotted, and with them what was committed in them.
  private(set) var rottenFrames = 0
  /// Pages whose reading the disk refused.
  private(set) var refusedPages: Set<UInt32> = []
  /// Pages that the header counts and neither the file nor the write-ahead log has: the file was cut off.
  private(set) var missingPages = 0
  /// Whether the header is SQLite's.
  private(set) var hasHeader = false
  /// Whether the write-ahead log holds what SQLite would not see.
  private(set) var hasHiddenCommits = false

  /// - Parameter forWriting: as salvage needs it, which erases the file at its end.
  init(path: String, forWriting: Bool) throws(StoreError) {
    descriptor = open(path, (forWriting ? O_RDWR : O_RDONLY) | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == EACCES || errno == EROFS
        ? .readOnly : .cannotOpen(path: path, reason: String(cString: strerror(errno)))
    }
    journalDescriptor = open(path + "-wal", O_RDONLY | O_CLOEXEC)
    readHeader()
    readJournal()
  }

  deinit {
    close(descriptor)
    if journalDescriptor >= 0 { close(journalDescriptor) }
  }

  var fileBytes: Int { Self.bytes(descriptor) }
  var journalBytes: Int { journalDescriptor < 0 ? 0 : Self.bytes(journalDescriptor) }

  private static func bytes(_ descriptor: Int32) -> Int {
    var facts = stat()
    return fstat(descriptor, &facts) == 0 ? Int(facts.st_size) : 0
  }

  /// Source: sqlite.org/fileformat2.html, 1.3 The Database Header. Where it has rotted, the size of pages is the one that
  /// all databases of the kiosk have.
  private func readHeader() {
    let head = Self.read(descriptor, at: 0, bytes: StoredPage.fileHeadBytes) ?? []
    if head.count == StoredPage.fileHeadBytes, head.starts(with: Array("SQLite format 3\0".utf8)) {
      let size = Int(head[16]) << 8 | Int(head[17])
      let isSound = size == 1 || (size >= 512 && size & (size - 1) == 0)
      // A kiosk's pages have no reserved space; where a header says so, it has rotted.
      if isSound, head[20] == 0 {
        hasHeader = true
        pageBytes = size == 1 ? 65_536 : size
        usable = pageBytes
      }
    }
    pages = UInt32(clamping: (fileBytes + pageBytes - 1) / pageBytes)
    // The size counts where the same change wrote it as the last one. Source: sqlite.org/fileformat2.html, 1.3.7 and 1.3.9.
    if hasHeader, head[24..<28] == head[92..<96] {
      let stated = head[28..<32].reduce(0) { $0 << 8 | Int($1) }
      missingPages = max(0, stated - Int(pages))
    }
  }

  private func readJournal() {
    let head = Self.read(journalDescriptor, at: 0, bytes: StoredJournal.headBytes) ?? []
    var found = StoredJournal(head: head.span)
    let isHeadRotten = found == nil
    if isHeadRotten, journalBytes > StoredJournal.headBytes {
      let frame = Self.read(journalDescriptor, at: StoredJournal.headBytes, bytes: StoredJournal.frameHeadBytes) ?? []
      found = StoredJournal(firstFrame: frame.span, pageBytes: pageBytes)
    }
    guard var journal = found else { return }
    if !hasHeader {
      pageBytes = journal.pageBytes
      usable = pageBytes
      pages = UInt32(clamping: (fileBytes + pageBytes - 1) / pageBytes)
    }
    guard journal.pageBytes == pageBytes else { return }
    let frameBytes = StoredJournal.frameHeadBytes + pageBytes
    var place = StoredJournal.headBytes
    while let frame = Self.read(journalDescriptor, at: place, bytes: frameBytes) {
      journal.take(frame.span)
      place += frameBytes
    }
    frames = journal.frames
    rottenFrames = journal.rottenFrames
    // A transaction of the log has the later size; what is missing of it is among the pages that cannot be read.
    if journal.pages > 0 { missingPages = 0 }
    pages = max(pages, UInt32(clamping: journal.pages))
    // When the log starts again at its beginning, its old frames are in the file already.
    hasHiddenCommits =
      rottenFrames > 0 || fileBytes == 0 && !frames.isEmpty || isHeadRotten && frames.keys.contains { differs($0) }
  }

  private func differs(_ page: UInt32) -> Bool { self.page(page) != filePage(page) }

  /// A page, numbered from 1; nil when it is not there or the disk does not give it.
  func page(_ number: UInt32) -> [UInt8]? {
    guard number > 0, number <= pages else { return nil }
    if let frame = frames[number] {
      let frameBytes = StoredJournal.frameHeadBytes + pageBytes
      let place = StoredJournal.headBytes + frame * frameBytes + StoredJournal.frameHeadBytes
      if let page = Self.read(journalDescriptor, at: place, bytes: pageBytes) { return page }
    }
    return filePage(number)
  }

  private func filePage(_ number: UInt32) -> [UInt8]? {
    let place = Int(number - 1) * pageBytes
    if let page = Self.read(descriptor, at: place, bytes: pageBytes) { return page }
    // What is cut off reads as zeros.
    if let part = Self.read(descriptor, at: place, bytes: max(0, min(pageBytes, fileBytes - place))), !part.isEmpty {
      return part + [UInt8](repeating: 0, count: pageBytes - part.count)
    }
    if place < fileBytes { refusedPages.insert(number) }
    return nil
  }

  /// - Returns: exactly so many bytes, or nil.
  private static func read(_ descriptor: Int32, at place: Int, bytes count: Int) -> [UInt8]? {
    guard descriptor >= 0, count >= 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let part = bytes[done...].withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress, $0.count, off_t(place + done))
      }
      if part < 0, errno == EINTR { continue }
      guard part > 0 else { return nil }
      done += part
    }
    return bytes
  }

  // MARK: Keeping others out

  /// Waits until no other process has the database open, and keeps it so as long as this value lives: the locks are
  /// SQLite's own, which every connection in WAL mode holds while it is open.
  ///
  /// Source: sqlite.org/src, os.h and os_unix.c: `SHARED_FIRST`, `SHARED_SIZE`.
  func lockOut(milliseconds: Int) throws(StoreError) {
    var lock = flock()
    lock.l_type = Int16(F_WRLCK)
    lock.l_whence = Int16(SEEK_SET)
    lock.l_start = 0x4000_0000
    lock.l_len = 512
    var waited = 0
    while fcntl(descriptor, F_SETLK, &lock) != 0 {
      guard errno == EACCES || errno == EAGAIN || errno == EINTR else { throw .failed(reason: "it cannot be locked") }
      guard waited < milliseconds else { throw .busy }
      usleep(50_000)
      waited += 50
    }
  }

  /// Overwrites the file with zeros. Who opened it before, and waits for its lock, finds no database then.
  static func erase(_ descriptor: Int32) {
    let zeros = [UInt8](repeating: 0, count: 1 << 16)
    let end = bytes(descriptor)
    var place = 0
    while place < end {
      let count = pwrite(descriptor, zeros, min(zeros.count, end - place), off_t(place))
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      place += count
    }
    fsync(descriptor)
  }
}
