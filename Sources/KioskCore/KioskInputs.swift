// SPDX-License-Identifier: GPL-3.0-or-later

internal import Tracer

/// What people do at the kiosk: sensor, buttons, touches.
extension Kiosk {
  mutating func take(_ change: InputChange, at moment: Moment) {
    switch change.role {
    case .presence: count(sensor.sensor(isActive: change.isActive, at: moment.monotonic), at: moment)
    case .acknowledge:
      guard change.isActive else { break }
      prompts.acknowledge(at: moment.monotonic)
      rotation.acknowledge(at: moment.monotonic)
    case .language: if change.isActive { rotation.toggleLanguage(at: moment.monotonic) }
    }
  }

  mutating func touch(_ action: ScreenAction, at moment: Moment) {
    switch action {
    case .language: rotation.toggleLanguage(at: moment.monotonic)
    case .checkIn: checkIn(at: moment)
    case .nextPage: rotation.choose(at: moment.monotonic)
    case .page(let page): rotation.choose(page, at: moment.monotonic)
    }
  }

  mutating func checkIn(at moment: Moment) {
    guard checkIns.touch(at: moment.monotonic) else { return }
    visits.checkIn(at: moment)
    count(sensor.checkedIn(at: moment.monotonic), at: moment)
    prompts.end(.noPhone)
    if prompts.outcome(at: moment.monotonic) != .noApp { rotation.acknowledge(at: moment.monotonic) }
    prompts.show(.accepted, at: moment)
  }

  mutating func count(_ events: [SensorVisits.Event], at moment: Moment) {
    for event in events {
      switch event {
      case .opened:
        guard settings.inputs.presencePrompts else { break }
        prompts.show(.noPhone, at: moment)
        rotation.callToInstall(at: moment.monotonic)
      case .closed(let start, let end):
        visits.sensed(from: start, to: end, at: moment)
        pageInputs = nil
      case .stuck: note("the presence sensor does not come to rest: look at where it points, and at its wires")
      }
    }
  }
}
