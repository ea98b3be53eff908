// SPDX-License-Identifier: GPL-3.0-or-later
import CLinux
import Glibc
import Tracer

/// A thread of its own that does one thing at its deadlines, to the millisecond on a loaded machine, or at once when it
/// is signalled.
///
/// It waits on a condition with an absolute time of CLOCK_MONOTONIC, so what delays the thread on its way into the wait
/// does not add up. It asks for the real-time policy SCHED_FIFO, priority 1, which a service gets with
/// `LimitRTPRIO=1`; without, it asks for short slices, which helps on newer kernels (docs/technician.md has the figures).
final class DeadlineThread: @unchecked Sendable {
  // All that is mutable is guarded by `mutex`. Not `Synchronization.Mutex`: a condition needs the pthread one.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var isSignalled = false
  private var isEnded = false
  private var hasEnded = false
  /// Whether the thread has the real-time policy; nil until it has asked for it.
  private var hasRealtime: Bool?
  private let name: String
  private let work: @Sendable () -> MonotonicTime?

  /// Starts the thread.
  /// - Parameters:
  ///   - name: what tools show, at most 15 bytes.
  ///   - work: is called at once, at each deadline it returned, and after each signal; nil: no deadline.
  ///     Calls do not overlap. It must not refer to whoever owns this object.
  init(name: String, work: @escaping @Sendable () -> MonotonicTime?) {
    self.name = name
    self.work = work
    // Whoever holds the mutex runs at the thread's priority meanwhile.
    var mutexAttributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&mutexAttributes)
    pthread_mutexattr_setprotocol(&mutexAttributes, Int32(PTHREAD_PRIO_INHERIT))
    pthread_mutex_init(mutex, &mutexAttributes)
    pthread_mutexattr_destroy(&mutexAttributes)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)

    var thread = pthread_t()
    let reference = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<DeadlineThread>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, reference.toOpaque())
    guard code == 0 else {
      // A machine without a thread to spare: nothing is driven, and `end` has nothing to wait for.
      reference.release()
      hasEnded = true
      hasRealtime = false
      return
    }
    pthread_detach(thread)
  }

  /// Whether the thread has the real-time policy. Waits until it has begun.
  var isRealtime: Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let hasRealtime { return hasRealtime }
      pthread_cond_wait(condition, mutex)
    }
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Has `work` called soon.
  func signal() {
    pthread_mutex_lock(mutex)
    isSignalled = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// Ends the thread and waits until it has. After this `work` is never called.
  func end() {
    pthread_mutex_lock(mutex)
    isEnded = true
    pthread_cond_broadcast(condition)
    while !hasEnded { pthread_cond_wait(condition, mutex) }
    pthread_mutex_unlock(mutex)
  }

  private func run() {
    kiosk_name_thread(name)
    var priority = sched_param()
    priority.sched_priority = 1
    let isRealtime = pthread_setschedparam(pthread_self(), SCHED_FIFO, &priority) == 0
    if !isRealtime { kiosk_prefer_latency() }
    pthread_mutex_lock(mutex)
    hasRealtime = isRealtime
    pthread_cond_broadcast(condition)
    while !isEnded {
      isSignalled = false
      pthread_mutex_unlock(mutex)
      let deadline = work()
      pthread_mutex_lock(mutex)
      wait(until: deadline)
    }
    hasEnded = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  /// With the mutex held.
  private func wait(until deadline: MonotonicTime?) {
    guard let deadline else {
      while !isSignalled, !isEnded { pthread_cond_wait(condition, mutex) }
      return
    }
    let time = Self.monotonic(deadline)
    while !isSignalled, !isEnded {
      guard kiosk_wait_until(condition, mutex, time) != ETIMEDOUT else { return }
    }
  }

  /// A time of the core's clock, CLOCK_BOOTTIME, on CLOCK_MONOTONIC: the two differ by the time asleep, which is
  /// constant while the machine is awake. A condition knows only the latter.
  ///
  /// Returns nanoseconds.
  private static func monotonic(_ time: MonotonicTime) -> Int64 {
    let boot = kiosk_clock_nanoseconds(CLOCK_BOOTTIME)
    let asleep = boot - kiosk_clock_nanoseconds(CLOCK_MONOTONIC)
    // A deadline that is far off is looked at again in an hour; nothing overflows.
    let latest = boot / 1_000_000 + 3_600_000
    return max(max(min(time.milliseconds, latest), 0) * 1_000_000 - asleep, 0)
  }
}
