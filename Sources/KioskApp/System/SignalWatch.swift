// SPDX-License-Identifier: GPL-3.0-or-later

@preconcurrency import Dispatch
import Glibc

/// Turns signals into calls. A broken pipe is an error of a write, never a signal.
final class SignalWatch: Sendable {
  private let sources: [any DispatchSourceSignal]

  init(_ signals: [Int32], _ onSignal: @escaping @Sendable () -> Void) {
    signal(SIGPIPE, SIG_IGN)
    sources = signals.map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: DispatchQueue(label: "signals"))
      source.setEventHandler(handler: onSignal)
      source.resume()
      return source
    }
  }

  func cancel() { for source in sources { source.cancel() } }
}
