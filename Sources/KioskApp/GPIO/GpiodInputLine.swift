// SPDX-License-Identifier: GPL-3.0-or-later
import CGpiod
import Glibc
import Synchronization
import Tracer

/// An input line of the kernel, through libgpiod 1.6 or 2.x.
final class GpiodInputLine: InputLine {
  let address: LineAddress
  let descriptor: Int32
  let isDebounced: Bool
  /// nil after `close()`. The handle closes itself when it goes.
  private let handle: Mutex<Handle?>

  /// Requests the line as an input, watched for both edges.
  /// - Throws: every `LineError` but `.closed` and `.cannotList`.
  init(_ address: LineAddress, _ options: InputOptions) throws(LineError) {
    let handle = try Handle(opening: address, options)
    self.address = address
    (descriptor, isDebounced) = (handle.descriptor, handle.isDebounced)
    self.handle = Mutex(handle)
  }

  func takeEdges() throws(LineError) -> [InputEdge] {
    var edges = [cgpiod_edge](repeating: cgpiod_edge(), count: Int(CGPIOD_EDGES))
    let code: CInt? = handle.withLock { $0?.take(&edges) }
    let count = try checked(code)
    return edges.prefix(Int(count)).map {
      InputEdge(isActive: $0.active, time: MonotonicTime(milliseconds: $0.timestamp_ns / 1_000_000))
    }
  }

  func isActive() throws(LineError) -> Bool {
    let code: CInt? = handle.withLock { $0?.get() }
    return try checked(code) > 0
  }

  func close() { handle.withLock { $0 = nil } }

  private func checked(_ code: CInt?) throws(LineError) -> CInt {
    guard let code else { throw .closed(address) }
    guard code >= 0 else { throw LineError(code: code, at: address, holder: nil) }
    return code
  }

  /// Owns the C handle: one owner, closed once.
  private struct Handle: ~Copyable {
    private let input: OpaquePointer

    init(opening address: LineAddress, _ options: InputOptions) throws(LineError) {
      var input: OpaquePointer?
      var holder = [CChar](repeating: 0, count: Int(CGPIOD_NAME_SIZE))
      let options = cgpiod_input_options(
        active_low: options.activeLow, bias: options.bias.code,
        debounce_us: UInt32(clamping: options.debounceMilliseconds.multipliedReportingOverflow(by: 1000).partialValue))
      let code =
        switch address {
        case .name(let name): cgpiod_input_open_name(name, GpiodLine.consumer, options, &input, &holder)
        case .chip(let label, let offset):
          cgpiod_input_open_offset(label, offset, GpiodLine.consumer, options, &input, &holder)
        }
      guard code == 0, let input else {
        // What a chip without interrupts, or without that resistor, answers.
        if [-EOPNOTSUPP, -EINVAL, -ENXIO].contains(code) { throw .noInput(address, errno: -code) }
        let bytes = holder.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        throw LineError(code: code, at: address, holder: String(decoding: bytes, as: UTF8.self))
      }
      self.input = input
    }

    var descriptor: Int32 { cgpiod_input_fd(input) }
    var isDebounced: Bool { cgpiod_input_is_debounced(input) }

    /// How many were put into `edges`, or a negative code of CGpiod.
    borrowing func take(_ edges: inout [cgpiod_edge]) -> CInt { cgpiod_input_take(input, &edges) }

    /// 0 or 1, or a negative code of CGpiod.
    borrowing func get() -> CInt { cgpiod_input_get(input) }

    deinit { cgpiod_input_close(input) }
  }
}

extension InputOptions.Bias {
  fileprivate var code: cgpiod_bias {
    switch self {
    case .asIs: CGPIOD_BIAS_AS_IS
    case .pullUp: CGPIOD_BIAS_PULL_UP
    case .pullDown: CGPIOD_BIAS_PULL_DOWN
    }
  }
}
