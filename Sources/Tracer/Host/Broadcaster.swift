// SPDX-License-Identifier: GPL-3.0-or-later

/// Advertising and scanning: what the controller was told and has confirmed, and the next command towards a wish.
///
/// Legacy and extended commands may not be mixed (Core 5.4, vol. 4, part E, 3.1.1); a controller that knows the
/// extended ones is driven with them, sending legacy PDUs all the same: every phone hears those.
struct Broadcaster: Sendable {
  struct Wish: Sendable {
    var advertisement: HCIHost.Advertisement
    var advertises = true
    var scans = true
  }

  /// The commands that say what an advertisement is: made once for each, since a wish is looked at with every packet.
  private struct Wording: Sendable {
    let advertisement: HCIHost.Advertisement
    let address: HCICommand
    let setAddress: HCICommand?
    /// nil without an id.
    let data: HCICommand?

    init(_ advertisement: HCIHost.Advertisement, isExtended: Bool) {
      self.advertisement = advertisement
      address = .leSetRandomAddress(advertisement.address)
      setAddress = isExtended ? .leSetAdvertisingSetRandomAddress(advertisement.address) : nil
      data = advertisement.id.map {
        let bytes = BluezoneAdvertisement.data(for: $0)
        return isExtended ? .leSetExtendedAdvertisingData(bytes) : .leSetAdvertisingData(bytes)
      }
    }
  }

  let isExtended: Bool
  private(set) var isAdvertising = false
  private(set) var isScanning = false

  private let advertisingInterval: (min: UInt16, max: UInt16)
  private let scan: (interval: UInt16, window: UInt16, isActive: Bool)
  private var address: HCICommand?
  private var setAddress: HCICommand?
  private var data: HCICommand?
  private var hasAdvertisingParameters = false
  private var hasScanParameters = false
  private var wording: Wording?

  init(isExtended: Bool, configuration: HCIHostConfiguration) {
    self.isExtended = isExtended
    advertisingInterval = (configuration.advertisingIntervalMin, configuration.advertisingIntervalMax)
    scan = (configuration.scanInterval, configuration.scanWindow, configuration.scansActively)
  }

  /// Whether `wish` needs another random address, for which nothing may be on the air and nothing being connected.
  mutating func needsAddress(_ wish: Wish) -> Bool {
    word(wish.advertisement)
    return address != wording?.address
  }

  private mutating func word(_ advertisement: HCIHost.Advertisement) {
    guard wording?.advertisement != advertisement else { return }
    wording = Wording(advertisement, isExtended: isExtended)
  }

  /// The controller has carried out `command`.
  mutating func confirm(_ command: HCICommand) {
    switch command.opcode {
    case .leSetRandomAddress: address = command
    case .leSetAdvertisingSetRandomAddress: setAddress = command
    case .leSetAdvertisingParameters, .leSetExtendedAdvertisingParameters: hasAdvertisingParameters = true
    case .leSetAdvertisingData, .leSetExtendedAdvertisingData: data = command
    case .leSetAdvertisingEnable, .leSetExtendedAdvertisingEnable: isAdvertising = command.parameters.first == 1
    case .leSetScanParameters, .leSetExtendedScanParameters: hasScanParameters = true
    case .leSetScanEnable, .leSetExtendedScanEnable: isScanning = command.parameters.first == 1
    default: break
    }
  }

  /// A connection to this node ended its advertising.
  mutating func advertisingEnded() { isAdvertising = false }

  /// The one command that brings the controller nearest to the wish, nil when it is there.
  ///
  /// The random address may only be set while neither advertising nor scanning runs; so a rotation is: both off,
  /// address, data, both on. Source: Core 5.4, vol. 4, part E, 7.8.4.
  mutating func next(_ wish: Wish) -> HCICommand? {
    if needsAddress(wish) { return off ?? wording?.address }
    if !wish.scans, isScanning { return enableScanning(false) }
    if let command = nextOfAdvertising(wish) { return command }
    guard wish.scans, !isScanning else { return nil }
    return hasScanParameters ? enableScanning(true) : scanParameters
  }

  /// What switches off what is on, nil when nothing is.
  var off: HCICommand? {
    if isAdvertising { return enableAdvertising(false) }
    if isScanning { return enableScanning(false) }
    return nil
  }

  private func nextOfAdvertising(_ wish: Wish) -> HCICommand? {
    guard wish.advertises, let wantedData = wording?.data else {
      return isAdvertising ? enableAdvertising(false) : nil
    }
    let wantedSetAddress = wording?.setAddress
    if isAdvertising {
      return data == wantedData && setAddress == wantedSetAddress ? nil : enableAdvertising(false)
    }
    // A set exists from its parameters on; its address can be given after them.
    if !hasAdvertisingParameters { return advertisingParameters }
    if setAddress != wantedSetAddress { return wantedSetAddress }
    if data != wantedData { return wantedData }
    return enableAdvertising(true)
  }

  private var advertisingParameters: HCICommand {
    let (low, high) = advertisingInterval
    return isExtended
      ? .leSetExtendedAdvertisingParameters(intervalMin: low, intervalMax: high)
      : .leSetAdvertisingParameters(intervalMin: low, intervalMax: high)
  }

  private var scanParameters: HCICommand {
    isExtended
      ? .leSetExtendedScanParameters(active: scan.isActive, interval: scan.interval, window: scan.window)
      : .leSetScanParameters(active: scan.isActive, interval: scan.interval, window: scan.window)
  }

  private func enableAdvertising(_ enable: Bool) -> HCICommand {
    isExtended ? .leSetExtendedAdvertisingEnable(enable) : .leSetAdvertisingEnable(enable)
  }

  private func enableScanning(_ enable: Bool) -> HCICommand {
    isExtended ? .leSetExtendedScanEnable(enable) : .leSetScanEnable(enable)
  }
}
