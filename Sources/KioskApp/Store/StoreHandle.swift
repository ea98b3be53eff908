// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import KioskCore
import Synchronization
import Tracer

/// The database and the identity of the running kiosk, which may not be there: disks are absent, full, read-only or fail,
/// at the start and at any later moment. Opened on the storage thread, and tried again every 10 s
/// (`AppLimits.diskRetryMilliseconds`) until it succeeds. The core hears of each change once.
final class StoreHandle: Sendable {
  /// The storage thread.
  let queue = DispatchQueue(label: "store")
  let folder: DataFolder
  private let clock: SystemClock
  private let post: @Sendable (Kiosk.Event) -> Void
  private let state = Mutex(State())

  /// What has become possible.
  enum Opening: Sendable {
    /// The log cannot be opened, and yet be read: once, until it can be opened.
    case readable
    /// The log is open. `isSame`: it is the file that was open before, or that a salvage has made of it.
    case open(isSame: Bool)
  }

  private struct State {
    var store: Store?
    /// A store that only reads, for a moment, while the other cannot be opened.
    var copy: Store?
    var hasCopied = false
    var cause = StoreError.failed(reason: "not opened yet")
    /// Of the file that is or was open.
    var file: FileNumber?
    var isToReopen = false
    /// Another file may be there that holds what this one held.
    var isSalvaged = false
    var told = DiskState()
    /// Of the disk's room, as it was told.
    var roomFault: String?
    var isIdentityRead = false
    var onOpening: @Sendable (Opening) -> Void = { _ in }
    var onTick: @Sendable () -> Void = {}
    var isRunning = false
  }

  init(_ folder: DataFolder, clock: SystemClock, post: @escaping @Sendable (Kiosk.Event) -> Void) {
    self.folder = folder
    self.clock = clock
    self.post = post
  }

  /// Tries to open, now and until it succeeds.
  ///
  /// - Parameters:
  ///   - onOpening: called on the storage thread before anything is written.
  ///   - onTick: called there at each attempt's time, open or not.
  func start(onOpening: @escaping @Sendable (Opening) -> Void, onTick: @escaping @Sendable () -> Void) {
    state.withLock {
      $0.onOpening = onOpening
      $0.onTick = onTick
      $0.isRunning = true
    }
    lookLater()
    lookNow()
  }

  /// The database; where it is not open, why.
  func store() throws(StoreError) -> Store {
    let (store, cause) = state.withLock { ($0.store, $0.cause) }
    guard let store else { throw cause }
    return store
  }

  /// The database, or what can be read of it just now.
  func readable() throws(StoreError) -> Store {
    let (store, cause) = state.withLock { ($0.store ?? $0.copy, $0.cause) }
    guard let store else { throw cause }
    return store
  }

  /// Another connection of the caller's own, where the database is open.
  func connect() throws(StoreError) -> Store {
    _ = try store()
    return try Store(dataFolder: folder.path, access: .change, isKiosks: true)
  }

  /// Looks at once whether something has changed: a person says so.
  func lookNow() { queue.async { [self] in look() } }

  /// Closes the database and opens it again, as another file may be in its place that was made of it.
  func reopen() {
    queue.async { [self] in
      state.withLock {
        $0.store = nil
        $0.isSalvaged = true
      }
      look()
    }
  }

  /// The file that is open was made of the one before, and holds what that held. Call it on the storage thread.
  func noteSalvaged() {
    state.withLock { $0.file = FileNumber(folder.path + "/kiosk.sqlite") }
  }

  /// What became of work with the database: after what no connection recovers from, it is opened again.
  func failed(_ error: StoreError) {
    if error.asksForReopening { state.withLock { $0.isToReopen = true } }
  }

  /// Call it when nobody needs the database any more.
  func close() {
    state.withLock {
      $0.isRunning = false
      $0.store = nil
      $0.copy = nil
      $0.onOpening = { _ in }
      $0.onTick = {}
    }
  }

  // MARK: On the storage thread

  private func lookLater() {
    queue.asyncAfter(deadline: .now() + .milliseconds(AppLimits.diskRetryMilliseconds)) { [weak self] in
      guard let self, state.withLock({ $0.isRunning }) else { return }
      look()
      lookLater()
    }
  }

  private func look() {
    let (isOpen, file, isToReopen) = state.withLock { state in
      defer { state.isToReopen = false }
      state.copy = nil
      return (state.store != nil, state.file, state.isToReopen)
    }
    if isOpen, isToReopen || FileNumber(folder.path + "/kiosk.sqlite") != file {
      let old = state.withLock { state in
        defer { state.store = nil }
        return state.store
      }
      old?.close()
    }
    if !state.withLock({ $0.store != nil && $0.isIdentityRead }) { attempt() }
    watchRoom()
    state.withLock { $0.onTick }()
  }

  /// A full disk is told before something is refused: the journal's room was taken long before. So is a key that was deleted.
  private func watchRoom() {
    var fault: String?
    if let cause = StoreError(diskOf: folder.path + "/kiosk.sqlite"), cause.isFull {
      fault = cause.description
    } else if state.withLock({ $0.isIdentityRead }), !Files.isThere(IdentityFile.path(in: folder.path)) {
      fault = "base-key.json is gone, and the key is in memory alone: put it back from a backup before the kiosk ends"
    }
    let told = state.withLock { state -> DiskState? in
      // What else is told stays.
      guard state.store != nil, state.told.fault == state.roomFault, state.told.fault != fault else { return nil }
      state.roomFault = fault
      state.told.fault = fault
      return state.told
    }
    if let told { post(.disk(told)) }
  }

  private func attempt() {
    var disk = DiskState()
    do throws(StoreError) {
      try folder.take(mayMake: state.withLock { $0.file == nil && !$0.isIdentityRead })
      try use(Beginning(dataFolder: folder.path), &disk)
    } catch {
      state.withLock { $0.cause = error }
      disk.log = .disk(reason: error.description)
      disk.identity = disk.log
    }
    if state.withLock({ $0.isIdentityRead }) { disk.identity = nil }
    let isNews = state.withLock { state in
      defer { state.told = disk }
      return state.told != disk
    }
    if isNews { post(.disk(disk)) }
    if disk.log != nil { readCopy() }
  }

  /// Opens and reads what is there, and makes what may be made.
  private func use(_ beginning: Beginning, _ disk: inout DiskState) throws(StoreError) {
    let parts = beginning.parts()
    var plan = Beginning.plan(parts)
    if plan.key == .make || plan.log == .make, state.withLock({ $0.file != nil || $0.isIdentityRead }) {
      // What was there a moment ago has gone with its disk: this is the folder under it.
      let wait = DiskState.Wait.disk(reason: StoreError.folderMissing(path: folder.path).description)
      plan = Beginning.Plan(key: .wait(wait), log: .wait(wait))
    }
    if plan.key == .make || plan.log == .make {
      do throws(FileError) { try beginning.begin() } catch { throw cause(error) }
    }
    switch plan.log {
    case .wait(let wait):
      state.withLock { $0.cause = .notThere(path: beginning.database) }
      disk.log = wait
    case .use, .make:
      do throws(StoreError) {
        // Of a first start that was cut off there may be a file with no table in it.
        try open(plan.log == .make || parts.isBeginning ? .create : .change)
        disk.log = nil
      } catch {
        state.withLock { $0.cause = error }
        // It was a file with nothing in it.
        if case .notThere = error {
          disk.log = .person(reason: Beginning.Lost.log.words)
        } else {
          disk.log = .disk(reason: error.description)
        }
      }
    }
    readIdentity(plan.key, &disk)
    if disk.log == nil, disk.identity == nil, parts.isBeginning || plan.key == .make || plan.log == .make {
      do throws(FileError) { try beginning.end() } catch { disk.fault = error.description }
    }
  }

  private func open(_ access: Store.Access) throws(StoreError) {
    guard state.withLock({ $0.store == nil }) else { return }
    let (store, report) = try Store.repaired(dataFolder: folder.path, access: access)
    if let report { post(.problem(report.words)) }
    let file = FileNumber(store.path)
    let (isSame, onOpening) = state.withLock { state in
      let isSame = report != nil || state.isSalvaged || state.file.map { $0.inode == file?.inode } ?? true
      state.isSalvaged = false
      state.store = store
      state.file = file
      return (isSame, state.onOpening)
    }
    onOpening(.open(isSame: isSame))
  }

  private func readIdentity(_ step: Beginning.Step, _ disk: inout DiskState) {
    let file = IdentityFile(dataFolder: folder.path)
    switch step {
    case .wait(let wait): disk.identity = wait
    case .make where disk.log != nil:
      // The log comes first: a key beside no log would look like a loss.
      disk.identity = disk.log
    case .use, .make:
      do throws(FileError) {
        if step == .make { try file.create(at: clock.now().utc) }
        // What is used is what was read, never what was to be written.
        let identity = try file.load()
        state.withLock { $0.isIdentityRead = true }
        disk.identity = nil
        post(.identityRead(identity))
      } catch {
        disk.identity = .disk(reason: error.description)
      }
    }
  }

  /// Once, what is there is read all the same.
  private func readCopy() {
    guard state.withLock({ !$0.hasCopied && $0.store == nil }),
      let copy = try? Store(dataFolder: folder.path, access: .look)
    else { return }
    let onOpening = state.withLock { state in
      state.copy = copy
      state.hasCopied = true
      return state.onOpening
    }
    onOpening(.readable)
  }

  /// The words of a file that could not be made, as those of the disk.
  private func cause(_ error: FileError) -> StoreError {
    StoreError(diskOf: folder.path + "/kiosk.sqlite") ?? .cannotOpen(path: folder.path, reason: error.description)
  }
}
