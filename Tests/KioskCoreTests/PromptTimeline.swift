// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Tracer

/// The prompts and the drive of the lines with a clock that the test moves: what the lines do, change by change.
struct PromptTimeline {
  enum Step {
    case show(Outcome)
    case degraded(Bool)
    case notice, acknowledge
    case mute(Int64)
  }

  var settings = PromptSettings()
  /// The wall clock at 0 ms; the box stands seven hours east.
  var start = CoreSamples.midnight
  var isSynchronised = true
  /// So much later the program reaches the drive.
  var lateMilliseconds: Int64 = 0
  /// From then on the core gives no sign of life.
  var silentFrom: Int64 = .max

  /// Nothing but what the outcomes show.
  static var withoutIdle: PromptTimeline {
    var timeline = PromptTimeline()
    timeline.settings.idle = nil
    return timeline
  }

  /// Each change of the lines as `12 green+buzzer`, dark as `12 -`; by the deadlines, or looking each millisecond.
  func changes(_ steps: [(Int64, Step)], until end: Int64, eachMillisecond: Bool = false) -> [String] {
    var schedule = PromptSchedule(settings: settings, at: 0)
    var drive = LineDrive(at: 0)
    var steps = steps[...]
    var program = LineProgram.dark
    var pending: [(Int64, LineProgram)] = []
    var last = LineStates.allInactive
    var changes: [String] = []
    var time: Int64 = 0
    while time <= end {
      let now = MonotonicTime(milliseconds: time)
      let moment = Moment(
        monotonic: now, utc: start.adding(milliseconds: time), isSynchronised: isSynchronised, utcOffsetSeconds: 25_200)
      while let (at, step) = steps.first, at == time {
        steps = steps.dropFirst()
        Self.take(step, &schedule, moment)
      }
      schedule.advance(at: now)
      if schedule.program != program {
        program = schedule.program
        pending.append((time + lateMilliseconds, program))
      }
      while let (at, program) = pending.first, at <= time {
        pending.removeFirst()
        drive.take(program, at: now)
      }
      if time % 1000 == 0, time < silentFrom { drive.beat(at: now) }
      let states = drive.states(at: now)
      if states != last {
        last = states
        let active = LineRole.allCases.filter { states[$0] }.map(\.rawValue)
        changes.append("\(time) " + (active.isEmpty ? "-" : active.joined(separator: "+")))
      }
      let next = [
        drive.nextDeadline(after: now), schedule.nextDeadline(after: now),
        steps.first.map { .init(milliseconds: $0.0) },
        pending.first.map { .init(milliseconds: $0.0) }, .init(milliseconds: time / 1000 * 1000 + 1000),
      ].compactMap(\.self).min()?.milliseconds
      time = eachMillisecond ? time + 1 : max(next ?? end + 1, time + 1)
    }
    return changes
  }

  private static func take(_ step: Step, _ schedule: inout PromptSchedule, _ moment: Moment) {
    switch step {
    case .show(let outcome): schedule.show(outcome, at: moment)
    case .degraded(let isDegraded): schedule.setDegraded(isDegraded, at: moment.monotonic)
    case .notice: schedule.notifyStaff(at: moment.monotonic)
    case .acknowledge: schedule.acknowledge(at: moment.monotonic)
    case .mute(let milliseconds): schedule.mute(milliseconds: milliseconds, at: moment.monotonic)
    }
  }
}
