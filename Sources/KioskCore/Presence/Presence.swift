// SPDX-License-Identifier: GPL-3.0-or-later

public import Tracer

/// Who is around: a table of what was heard in the last 30 s, and who of them is near.
///
/// A Bluezoner is known by its id, whatever addresses it uses; anything else by its address, which is all there is.
/// These are devices. People are not counted here.
public struct Presence: Sendable {
  public struct Settings: Hashable, Sendable {
    /// A device is near from this smoothed RSSI on, dBm.
    public var nearDBm: Double = -65
    /// It stays near until it is weaker by this many dB.
    public var hysteresisDB: Double = 6
    /// Not heard for this long, a device is gone.
    public var aroundMilliseconds: Int64 = 30_000
    /// Time constant of the smoothing.
    public var smoothingMilliseconds: Double = 3000

    public init() {}
  }

  public struct Counts: Hashable, Sendable {
    /// Bluezoners included.
    public var devicesAround = 0
    public var bluezonersAround = 0
    /// Bluezoners included.
    public var devicesNear = 0
    public var bluezonersNear = 0

    public init() {}
  }

  public enum Key: Hashable, Sendable {
    case bluezoner(BluezoneID)
    case device(BluetoothAddress)
  }

  public struct Device: Hashable, Sendable {
    public var kind: DeviceKind
    public var firstHeard: MonotonicTime
    public var lastHeard: MonotonicTime
    /// nil until the controller told a strength.
    public var smoothedDBm: Double?
    public var isNear = false
    /// When it last came near.
    public var nearSince: MonotonicTime?
  }

  public private(set) var devices: [Key: Device] = [:]
  public private(set) var counts = Counts()
  /// Newcomers not counted because the table was full.
  public private(set) var turnedAway = 0

  private let settings: Settings
  private var aliases: [BluetoothAddress: BluezoneID] = [:]
  /// Nothing can have expired before this time.
  private var nextExpiry: MonotonicTime?

  public init(settings: Settings = Settings()) { self.settings = settings }

  /// Takes in one sighting.
  ///
  /// - Returns: the device, when it has just come near, or is near and has just told what it is.
  @discardableResult
  public mutating func hear(_ sighting: Sighting, at now: MonotonicTime) -> Device? {
    let key = key(of: sighting)
    let kind = sighting.bluezoneID != nil ? .bluezoner : DeviceKind(sighting.facts)
    guard var device = devices[key] else {
      guard devices.count < CoreLimits.devices else {
        turnedAway += 1
        return nil
      }
      var device = Device(kind: kind, firstHeard: now, lastHeard: now)
      let cameNear = update(&device, sighting, at: now)
      devices[key] = device
      count(device, +1)
      noteExpiry(of: device)
      return cameNear ? device : nil
    }
    count(device, -1)
    let formerKind = device.kind
    // A Bluezoner stays one whatever else its address sends: the service of the iOS form, for one.
    if formerKind == .unknown || (formerKind != .bluezoner && kind == .phoneWithApp) { device.kind = kind }
    let cameNear = update(&device, sighting, at: now)
    devices[key] = device
    count(device, +1)
    return cameNear || (device.isNear && device.kind != formerKind) ? device : nil
  }

  /// Forgets what has not been heard for long.
  public mutating func expire(at now: MonotonicTime) {
    guard let nextExpiry, now >= nextExpiry else { return }
    self.nextExpiry = nil
    for (key, device) in devices {
      if now.milliseconds(since: device.lastHeard) >= settings.aroundMilliseconds {
        devices[key] = nil
        count(device, -1)
      } else {
        noteExpiry(of: device)
      }
    }
    aliases = aliases.filter { devices[.bluezoner($0.value)] != nil }
  }

  /// When `expire` next has something to do.
  public var nextDeadline: MonotonicTime? { nextExpiry }

  /// A Bluezoner's own address may also send what carries no id, a scan response for one: that is still the Bluezoner.
  private mutating func key(of sighting: Sighting) -> Key {
    if let id = sighting.bluezoneID {
      let known = aliases[sighting.address]
      if known != id || devices[.bluezoner(id)] == nil {
        // What was counted under the address alone was this Bluezoner.
        if let former = devices.removeValue(forKey: .device(sighting.address)) { count(former, -1) }
        // The same address with the next slot's id is the same phone, if the former id came from nowhere else.
        if let known, known != id, devices[.bluezoner(id)] == nil,
          !aliases.contains(where: { $0.value == known && $0.key != sighting.address })
        {
          devices[.bluezoner(id)] = devices.removeValue(forKey: .bluezoner(known))
        }
        if known != nil || aliases.count < CoreLimits.aliases { aliases[sighting.address] = id }
      }
      return .bluezoner(id)
    }
    if let id = aliases[sighting.address], devices[.bluezoner(id)] != nil { return .bluezoner(id) }
    return .device(sighting.address)
  }

  private func update(_ device: inout Device, _ sighting: Sighting, at now: MonotonicTime) -> Bool {
    if let rssi = sighting.rssiDBm {
      if let smoothed = device.smoothedDBm {
        // First-order low pass for uneven steps.
        let step = Double(max(now.milliseconds(since: device.lastHeard), 0))
        let weight = max(step / (step + settings.smoothingMilliseconds), Self.leastWeight)
        device.smoothedDBm = smoothed + weight * (Double(rssi) - smoothed)
      } else {
        device.smoothedDBm = Double(rssi)
      }
    }
    device.lastHeard = max(device.lastHeard, now)
    guard let smoothed = device.smoothedDBm else { return false }
    if device.isNear {
      if smoothed < settings.nearDBm - settings.hysteresisDB { device.isNear = false }
      return false
    }
    guard smoothed >= settings.nearDBm else { return false }
    device.isNear = true
    device.nearSince = now
    return true
  }

  /// Reports of one millisecond would weigh nothing without it.
  private static let leastWeight = 0.02

  private mutating func count(_ device: Device, _ step: Int) {
    counts.devicesAround += step
    if device.isNear { counts.devicesNear += step }
    if device.kind == .bluezoner {
      counts.bluezonersAround += step
      if device.isNear { counts.bluezonersNear += step }
    }
  }

  private mutating func noteExpiry(of device: Device) {
    let expiry = device.lastHeard.adding(milliseconds: settings.aroundMilliseconds)
    nextExpiry = nextExpiry.map { min($0, expiry) } ?? expiry
  }
}
