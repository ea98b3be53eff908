// SPDX-License-Identifier: GPL-3.0-or-later

import Dispatch
import FoundationEssentials
import Glibc
import KioskCore
import Logging
import Synchronization
import Tracer

/// The appliance: the core, its edges, and the one task that consumes their events.
struct Appliance {
  var settings: Settings
  var isDemo = false
  /// Where every packet is recorded, if anywhere (`kiosk run --capture`).
  var captureFile: String?
  /// Who answers for that, and why.
  var captureAuthority = AuditEntry.Authority.kiosk
  /// Of the settings' file.
  var settingsSHA256: [UInt8] = []
  var log: Logger

  /// What reaches the core's task. Every producer waits for its turn, so the stream is bounded by their number:
  /// `AppLimits.packetBatches` of the radio, one tick, one question, and a few single events.
  private enum Event: Sendable {
    case kiosk(Kiosk.Event)
    case status(@Sendable (Status) -> Void)
    case calibration(ControlRequest, @Sendable (CalibrationAnswer) -> Void)
    case f0Imported
    case exposuresSeen
  }

  /// Boots, runs until SIGTERM, SIGINT or the window's end, and leaves everything switched off.
  ///
  /// - Throws: where another kiosk holds the data folder, or settings make no sense. A disk, identity, display, lamp or
  ///   radio that is missing or fails does not end it: the kiosk goes on without, and says so.
  func run() async throws {
    // What the kiosk makes is for its own user.
    umask(0o077)
    let (events, continuation) = AsyncStream.makeStream(of: Event.self)
    let post: @Sendable (Kiosk.Event) -> Void = { continuation.yield(.kiosk($0)) }

    let clock = SystemClock(trust: settings.clockTrust)
    let folder = DataFolder(settings.dataFolder)
    do throws(StoreError) { try folder.take() } catch {
      if case .inUse = error { throw error }
    }
    let disk = StoreHandle(folder, clock: clock, post: post)
    let storage = StorageQueue(disk, post: post)
    let feed = FeedSync(settings: settings, disk: disk, clock: clock, post: post)
    let matching = F0Matching(
      disk: disk, toleranceSlots: settings.f0ToleranceSlots, clock: clock, post: post,
      onFound: { storage.readUnseenExposures() }, onDamage: { storage.salvage() })
    let quickCheck = QuickCheck(dataFolder: folder.path) { storage.salvage() }
    storage.whenSalvaged {
      feed.read()
      matching.start()
      storage.readUnseenExposures()
    }
    let keys = KeyErasure(dataFolder: settings.dataFolder, post: post)
    let lines = openLines(post)
    let inputs = openInputs(post)
    let display = openDisplay(post)
    let makeTransport = try transportFactory(clock)
    let capture = Capture()
    let recovery = isDemo ? nil : AdapterRecovery(try RadioAddress(parsing: settings.radio))
    let radio = RadioLink(
      makeTransport: { CapturingTransport(makeTransport(), into: capture) }, recovery: recovery, deliver: post)
    let control = try openControl { request in
      if request == .begun { disk.lookNow() }
      if request == .databaseDamaged { quickCheck.checkNow() }
      return answer(request, capture) { continuation.yield($0) }
    }
    let timer = DeadlineTimer { post(.tick) }
    let signals = SignalWatch([SIGTERM, SIGINT]) { post(.stop) }
    defer {
      signals.cancel()
      timer.cancel()
    }

    var settings = settings
    if recovery != nil { settings.host.recovery.outsideSteps = settings.lastResort.outsideSteps }
    var kiosk = Kiosk(
      settings: settings, identity: nil, awaitsIdentity: true, isDemo: isDemo, boot: Boot.id(), startingAt: clock.now()
    ) {
      var random = SystemRandomNumberGenerator()
      return random.next()
    }
    let radioName = isDemo ? "demo" : try RadioAddress(parsing: settings.radio).description
    log.info(
      "started",
      metadata: [
        "radio": "\(radioName)",
        "display": "\(settings.screen.display)",
      ])
    if captureFile == nil { post(.start) }
    let isFeedCarried = !settings.feed.isConfigured && !settings.feed.region.isEmpty
    // That packets are recorded is put on record first, so it waits for the log.
    let isCaptureDue = Atomic(captureFile != nil)
    // What the core is to know of the log it is told whenever that opens, also for the first time.
    disk.start(
      onOpening: { opening in
        storage.noteSettings(sha256: settingsSHA256)
        storage.opened(opening)
        if case .open = opening, isCaptureDue.exchange(false, ordering: .relaxed) {
          openCapture(disk, into: capture, post)
        }
        feed.read()
        matching.start()
      },
      onTick: {
        storage.retry()
        matching.retry()
        try? control.listen()
        // Without rounds nothing else would notice that entries are gone.
        if isFeedCarried { feed.read() }
      })
    if captureFile != nil {
      // The radio's first packets are to be in the file.
      for _ in 0..<AppLimits.captureWaits where isCaptureDue.load(ordering: .relaxed) {
        try? await Task.sleep(for: .milliseconds(AppLimits.captureWaitMilliseconds))
      }
      post(.start)
    }

    running: for await event in events {
      let moment = clock.now()
      // Without a beat for some seconds the lines go dark by themselves.
      lines.beat()
      let stateBefore = kiosk.host.state
      let diskBefore = kiosk.diskFault
      switch event {
      case .kiosk(let event):
        if case .feedEnded(let round) = event {
          report(round)
          if case .applied = round.outcome {
            storage.flushJournal()
            matching.start()
          }
        }
        if case .disk(let state) = event { report(state) }
        kiosk.handle(event, at: moment)
        if case .packets = event { radio.taken() }
      case .status(let reply):
        var status = kiosk.status(at: moment)
        status.display = settings.screen.display + (display?.words.map { ": \($0)" } ?? "")
        status.touches = display?.touches ?? 0
        if let fault = display?.fault { status.problems.append("\(fault)") }
        status.feed.step = feed.words
        if settings.lines.isAnyWired { status.lines.isPunctual = lines.isRealtime }
        reply(status)
        continue
      case .calibration(let request, let reply):
        reply(calibrate(&kiosk, request, at: moment))
      case .f0Imported:
        storage.readLastImport()
        feed.read()
        storage.flushJournal()
        matching.start()
        storage.readUnseenExposures()
        continue
      case .exposuresSeen:
        storage.readUnseenExposures()
        continue
      }
      report(stateBefore, kiosk.host)
      if kiosk.diskFault != diskBefore { log.warning("disk: \(kiosk.diskFault ?? "works again")") }
      if kiosk.host.state == .running, stateBefore != .running {
        radio.runs()
        // The first page was shown when the kiosk began to start the radio.
        quickCheck.start()
      }
      for effect in kiosk.takeEffects() {
        switch effect {
        case .radio(let effect): radio.apply(effect)
        case .write(let updates): storage.write(updates)
        case .writeVisits(let updates): storage.write(updates)
        case .dateContacts(let bootTime): storage.date(bootTime: bootTime)
        case .purge(let contacts, let visits):
          storage.purge(contactsBefore: contacts, visitsBefore: visits)
          keys.forgetDownloads(before: contacts)
        case .forgetOwnKeys(let day): keys.forgetOwnKeys(before: day)
        case .purgeUndated(let undated): storage.purge(undated)
        case .redate(let from, let through, let shift):
          storage.redate(from: from, through: through, byMilliseconds: shift)
        case .setAside(let from, let through, let offset):
          storage.setAside(from: from, through: through, offset: offset)
        case .saveClock(let record): storage.save(record)
        case .clockNews(let news, let contacts, let visits):
          storage.tell(news, contactsBefore: contacts, visitsBefore: visits) { [log] in log.warning("\($0)") }
        case .identityFromFuture(let day):
          log.warning("the base key's day lay in the future: a wrong clock made it; it is today's from now on")
          keys.putRight(to: day)
        case .packContacts(let time): storage.pack(before: time)
        case .lines(let program): lines.apply(program)
        case .show(let page): display?.show(page)
        case .syncFeed: feed.sync()
        case .stopped: break running
        }
      }
      storage.commit(at: moment)
      timer.fire(after: kiosk.nextDeadline.milliseconds(since: clock.now().monotonic))
    }

    // What each part began, it ends: lamps first, the log last.
    lines.close()
    inputs.close()
    radio.end()
    control.close()
    display?.close()
    continuation.finish()
    await feed.finish()
    await quickCheck.stop()
    await matching.stop()
    await keys.finish()
    if let fault = await storage.finish() {
      log.error("the last contacts could not be written", metadata: ["reason": "\(fault)"])
    }
    disk.close()
    capture.close()
    log.info("stopped")
    withExtendedLifetime(folder) {}
  }

  // MARK: Edges

  private func transportFactory(_ clock: SystemClock) throws -> @Sendable () -> any HCITransport {
    if isDemo { return { SimulatedTransport(clock: clock, seed: 1) } }
    let address = try RadioAddress(parsing: settings.radio)
    return { address.makeTransport() }
  }

  /// Where no file can be made or put on record, the kiosk goes on without.
  private func openCapture(
    _ disk: StoreHandle, into capture: Capture, _ post: @escaping @Sendable (Kiosk.Event) -> Void
  ) {
    guard let captureFile else { return }
    let onEnd: @Sendable (CaptureFile.End) -> Void = { end in
      if end.isExpected { return log.info("\(end)") }
      log.warning("\(end)")
      post(.problem("\(end)"))
    }
    do {
      let entry = AuditEntry(
        at: SystemClock.utc(), action: .capture, authority: captureAuthority,
        detail: "every packet from now on, into \(captureFile)")
      // Done: the file is there and recording has begun.
      let file = try disk.store().onRecord(entry) { _, _ in try CaptureFile(path: captureFile, onEnd: onEnd) }
      log.warning("every packet is recorded in \(captureFile), with the addresses and ids in it; delete it after use")
      capture.begin(file)
    } catch {
      log.warning("no capture: \(error)")
      post(.problem("no capture: \(error)"))
    }
  }

  /// Where no socket can be made no command can ask; the kiosk goes on without, and tries again.
  private func openControl(
    answer: @escaping @Sendable (ControlRequest) -> [UInt8]
  ) throws(StoreError) -> ControlServer {
    if ControlSocket.isAnswering(dataFolder: settings.dataFolder) {
      throw .inUse(folder: settings.dataFolder)
    }
    let server = ControlServer(dataFolder: settings.dataFolder, answer: answer)
    do throws(FileError) { try server.listen() } catch { log.warning("\(error)") }
    return server
  }

  private func openLines(_ post: @escaping @Sendable (Kiosk.Event) -> Void) -> LinesDriver {
    do throws(LineAddressError) {
      let wiring = try OutputLines.Wiring(settings.lines)
      return LinesDriver(wiring) { fault in
        log.warning("\(fault)")
        post(.problem("\(fault)"))
      }
    } catch {
      log.warning("\(error)")
      post(.problem("\(error)"))
      return LinesDriver(OutputLines.Wiring()) { _ in }
    }
  }

  private func openInputs(_ post: @escaping @Sendable (Kiosk.Event) -> Void) -> InputLines {
    let onFault: @Sendable (InputLines.Fault) -> Void = { fault in
      log.warning("\(fault)")
      post(.problem("\(fault)"))
    }
    do throws(LineAddressError) {
      let wiring = try InputLines.wiring(settings.inputs)
      return InputLines(wiring, onChange: { post(.input($0)) }, onFault: onFault)
    } catch {
      log.warning("\(error)")
      post(.problem("\(error)"))
      return InputLines([:], onChange: { _ in }, onFault: onFault)
    }
  }

  /// nil when there is none, or none that works: the tracer goes on without a screen.
  private func openDisplay(_ post: @escaping @Sendable (Kiosk.Event) -> Void) -> PageDisplay? {
    let onFault: @Sendable (DisplayError) -> Void = { fault in
      // It may pass: the status tells it for as long as it lasts.
      log.warning("\(fault)")
    }
    do throws(DisplayError) {
      let kind = try DisplayKind(parsing: settings.screen.display)
      let screen = settings.screen
      let display = try kind.open(size: screen.size, rotation: screen.rotation) { post(.stop) }
      return display.map {
        PageDisplay(
          $0, diagonalInches: screen.diagonalInches, touch: screen.touch, onAction: { post(.touched($0)) },
          onFault: onFault)
      }
    } catch {
      onFault(error)
      post(.problem("\(error)"))
      return nil
    }
  }

  /// Called on the control server's thread; waits for the core there.
  private func answer(_ request: ControlRequest, _ capture: Capture, _ post: (Event) -> Void) -> [UInt8] {
    switch request {
    case .begun: return Array("{}\n".utf8)
    case .f0Imported:
      post(.f0Imported)
      return Array("{}\n".utf8)
    case .f0Sync:
      post(.kiosk(.syncFeed))
      return Array("{}\n".utf8)
    case .databaseDamaged: return Array("{}\n".utf8)
    case .exposuresSeen:
      post(.exposuresSeen)
      return Array("{}\n".utf8)
    case .peopleAdded(let count, let time):
      post(.kiosk(.peopleAdded(count, at: time)))
      return Array("{}\n".utf8)
    case .peopleTakenBack(let count, let time):
      post(.kiosk(.peopleTakenBack(count, at: time)))
      return Array("{}\n".utf8)
    case .capture:
      let recording = capture.recording()
      log.warning("the newest packets were asked for and given out", metadata: ["packets": "\(recording.packets)"])
      return CaptureAnswer(recording).bytes(with: recording.file)
    case .status: return fromCore { reply in post(.status(reply)) }
    case .calibrate, .calibration, .calibrationEnd:
      return fromCore { reply in post(.calibration(request, reply)) }
    }
  }

  private func report(_ disk: DiskState) {
    if let reason = disk.identity?.reason, reason != disk.log?.reason { log.warning("identity: \(reason)") }
    if disk.log == nil, disk.identity == nil { log.info("log open, identity read") }
  }

  /// Quiet while nothing changes: a poll is no news.
  private func report(_ round: FeedReport) {
    switch round.outcome {
    case .unchanged: break
    case .applied(let batches, let new, let withdrawn):
      log.info(
        "F0 feed applied",
        metadata: [
          "version": "\(round.state?.version ?? 0)", "batches": "\(batches)", "new_entries": "\(new)",
          "withdrawn_entries": "\(withdrawn)",
        ])
    case .failed(let reason, _): log.warning("F0 feed: \(reason)")
    }
  }

  /// Waits for what the core says, and writes it as one line of JSON; empty when the core is too busy.
  private func fromCore<T: Encodable & Sendable>(_ ask: (@escaping @Sendable (T) -> Void) -> Void) -> [UInt8] {
    let reply = Mutex<T?>(nil)
    let answered = DispatchSemaphore(value: 0)
    ask { answer in
      reply.withLock { $0 = answer }
      answered.signal()
    }
    guard answered.wait(timeout: .now() + .milliseconds(2 * AppLimits.controlMilliseconds)) == .success,
      let answer = reply.withLock({ $0 })
    else { return [] }
    return Array((JSONLine.text(answer) + "\n").utf8)
  }

  private func calibrate(_ kiosk: inout Kiosk, _ request: ControlRequest, at moment: Moment) -> CalibrationAnswer {
    let isBusy = kiosk.calibrationReport(at: moment).isRunning
    switch request {
    case .calibrate(let seconds, let floor) where !isBusy:
      log.info("calibrating", metadata: ["seconds": "\(seconds)"])
      kiosk.handle(.calibrate(seconds: seconds, floorDBm: Double(floor)), at: moment)
    case .calibrationEnd: kiosk.handle(.calibrationEnd, at: moment)
    default: break
    }
    var answer = CalibrationAnswer(report: kiosk.calibrationReport(at: moment))
    if case .calibrate = request { answer.isNew = !isBusy }
    return answer
  }

  /// Changes of the radio's state belong into the log; nothing in them identifies anybody.
  private func report(_ before: HCIHost.State, _ host: HCIHost) {
    guard before != host.state else { return }
    switch host.state {
    case .running: log.info("radio running")
    case .down(let fault, _): log.warning("radio down: \(fault)")
    case .recovering(let fault, let step, _): log.warning("radio down: \(fault); \(step.rawValue)")
    case .starting where before == .running:
      if let fault = host.lastFault { log.warning("radio reset: \(fault)") }
    case .closed, .opening, .starting, .stopping: break
    }
  }
}

/// A value as one line of JSON, keys in order.
enum JSONLine {
  static func text(_ value: some Encodable) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return "{}" }
    return String(decoding: data, as: UTF8.self)
  }
}
