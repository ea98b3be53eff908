// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser
import Glibc
import KioskCore
import Tracer

struct LogCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "The entry log: who came, with the app or without. It knows no names and no phones.",
    subcommands: [LogShowCommand.self, LogAddCommand.self, LogUndoCommand.self], defaultSubcommand: LogShowCommand.self)
}

struct LogShowCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "The visits of a time, today's without an option.",
    discussion: """
      TIME is 14:05, 2026-11-21, 21/11/2026, 21/11, a day with a time, or RFC 3339. All times are local.
      Where phones were counted the number of people is an estimate.
      """)

  enum Kind: String, ExpressibleByArgument, CaseIterable {
    case bluezoner
    case noApp = "no-app"
    case noPhone = "no-phone"
  }

  @OptionGroup var options: SettingsOptions
  @Flag(help: "From midnight on.") var today = false
  @Flag(help: "From the midnight before the last to the last.") var yesterday = false
  @Option(help: ArgumentHelp("Visits that began then or later.", valueName: "time")) var since: String?
  @Option(help: ArgumentHelp("Visits that began before.", valueName: "time")) var until: String?
  @Option(help: "Only bluezoner, no-app or no-phone.") var kind: Kind?
  @Flag(help: "Goes on with each visit as it ends, until interrupted.") var follow = false
  @Flag(help: "One JSON object a line.") var json = false
  @Flag(help: "Comma-separated values with a header.") var csv = false

  func validate() throws {
    guard !(json && csv) else { throw ValidationError("Either --json or --csv.") }
    guard [today, yesterday, since != nil || until != nil].count(where: { $0 }) <= 1 else {
      throw ValidationError("Either --today, --yesterday, or --since and --until.")
    }
    guard !follow || !(yesterday || until != nil) else { throw ValidationError("What is over cannot be followed.") }
  }

  func run() throws {
    let settings = try options.settings()
    let writer = VisitWriter(form: json ? .json : csv ? .csv : .table)
    do {
      var query = try query(now: SystemClock(trust: .always).now().utc)
      let store = try Store(dataFolder: settings.dataFolder, access: .look)
      query.closedOnly = follow
      let newest = try store.newestVisit()
      let visits = try store.visits(query)
      if visits.isEmpty, !follow { return Exit.message("No visits in that time.") }
      for line in writer.header { print(line) }
      for visit in visits { print(try writer.line(visit)) }
      guard follow else {
        for line in writer.footer(visits) { Exit.message(line) }
        return
      }
      try follow(store, query, writer, shown: Set(visits.map(\.id)), newest: newest)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }

  private func query(now: UTCTime) throws -> Store.VisitQuery {
    var query = Store.VisitQuery()
    query.kind = kind.flatMap { kind in Visit.Kind.allCases.first { $0.name == kind.rawValue } }
    if yesterday {
      query.from = LocalMoment.midnight(of: now, addingDays: -1)
      query.until = LocalMoment.midnight(of: now)
    } else if since != nil || until != nil {
      if let since { query.from = try moment(since, now) }
      if let until { query.until = try moment(until, now) }
    } else {
      query.from = LocalMoment.midnight(of: now)
    }
    return query
  }

  private func moment(_ text: String, _ now: UTCTime) throws -> UTCTime {
    guard let moment = LocalMoment(parsing: text, now: now) else {
      throw Exit.failure(
        "\(text) is no time; write 14:05, 2026-11-21, 21/11/2026 or 2026-11-21T14:05", code: Exit.usage)
    }
    return moment.utc
  }

  /// Visits end in another order than they began in: those that are open are looked at again.
  private func follow(
    _ store: Store, _ query: Store.VisitQuery, _ writer: VisitWriter, shown: Set<Int64>, newest: Int64
  ) throws {
    var shown = shown
    var oldest = newest
    while true {
      var query = query
      query.after = max(oldest - AppLimits.followedVisits, 0)
      for visit in try store.visits(query) where shown.insert(visit.id).inserted { print(try writer.line(visit)) }
      fflush(nil)
      oldest = try store.newestVisit()
      let horizon = oldest - AppLimits.followedVisits
      shown = shown.filter { $0 > horizon }
      sleep(1)
    }
  }
}

struct LogAddCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add", abstract: "Count people who came without a phone. Nothing is asked of them.")

  @OptionGroup var options: SettingsOptions

  @Argument(help: "How many, 1 to \(AppLimits.visitsAdded).")
  var count = 1

  @Option(help: ArgumentHelp("When, if not now; not in the future.", valueName: "time"))
  var at: String?

  func validate() throws {
    guard (1...AppLimits.visitsAdded).contains(count) else {
      throw ValidationError("1 to \(AppLimits.visitsAdded) people at once.")
    }
  }

  func run() throws {
    let settings = try options.settings()
    let clock = SystemClock(trust: settings.clockTrust).now()
    do {
      let moment = at.map { LocalMoment(parsing: $0, now: clock.utc) }
      if let at, moment == .some(nil) { throw noTime(at) }
      // Who may not write to the log cannot do more about the clock either.
      let store = try Store(dataFolder: settings.dataFolder, access: .change)
      guard clock.isSynchronised else {
        throw Exit.failure(
          "the clock is not synchronised: a visit cannot be given its time. The technician connects the network for it, or "
            + "sets the clock and clock.trust")
      }
      let time = moment??.utc ?? clock.utc
      if let at, time > clock.utc { throw noTime(at) }
      let added = try store.addVisits(withoutPhone: count, at: time)
      _ = try? ControlSocket.ask(.peopleAdded(count, at: time), dataFolder: settings.dataFolder)
      print("\(count) without a phone at \(SystemClock.rfc3339(time))")
      Exit.message("A mistake? kiosk log undo \(added.id) takes it back, within a day.")
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Exit.failure(error)
    }
  }
}

extension LogAddCommand {
  fileprivate func noTime(_ text: String) -> ExitCode {
    Exit.failure("\(text) is no time in the past that can be read; write 14:05 or 2026-11-21T14:05", code: Exit.usage)
  }
}

struct LogUndoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "undo", abstract: "Take back what `kiosk log add` counted: the last time, or the addition named.",
    discussion: "Within a day. Both stay on record: kiosk audit.")

  @OptionGroup var options: SettingsOptions

  @Argument(help: "Its number, as `kiosk log add` told it.")
  var addition: Int64?

  func run() throws {
    let settings = try options.settings()
    do {
      let taken = try Store(dataFolder: settings.dataFolder, access: .change).undoAddition(addition)
      _ = try? ControlSocket.ask(
        .peopleTakenBack(taken.count, at: taken.time), dataFolder: settings.dataFolder)
      print("taken back: \(taken.words)")
    } catch {
      throw Exit.failure(error)
    }
  }
}
