// SPDX-License-Identifier: GPL-3.0-or-later

/// The AD types this kiosk knows. Source: Assigned Numbers, Common Data Types.
public enum ADType: UInt8, Sendable {
  case flags = 0x01
  case incompleteServices16 = 0x02
  case completeServices16 = 0x03
  case incompleteServices128 = 0x06
  case completeServices128 = 0x07
  case shortenedName = 0x08
  case completeName = 0x09
  case txPowerLevel = 0x0A
  case serviceData16 = 0x16
  case manufacturerData = 0xFF
}

/// What one advertisement's data says, without the data: a plain value that needs no memory of its own.
public struct AdvertisingFacts: Hashable, Sendable {
  /// The id, when this is a whole advertisement of the Android form: service 0x4E56 and company 0x22B5 with exactly
  /// 12 bytes.
  public var bluezoneID: BluezoneID?
  /// The 128-bit service of an iPhone with the app in the foreground.
  public var hasIOSBluezoneService = false
  /// Bluezone's service was there, yet its manufacturer data had the wrong length, or was repeated with other
  /// content.
  public var hasWrongBluezoneData = false
  /// The first company identifier.
  public var companyID: UInt16?
  /// The bit of Apple's overflow area that Bluezone in the background sets; other apps may set it as well.
  public var hasOverflowBit = false
  /// Apple's continuity message types, bit n for type n below 32.
  public var appleTypes: UInt32 = 0
  /// Apple's nearby information.
  public var nearbyInfo: AppleContinuity.NearbyInfo?
  public var txPowerDBm: Int8?
  /// The value of the Flags structure, nil without one.
  public var flags: UInt8?
  /// A digest of the local name, 0 without one. The name itself is not kept: people name their phones after
  /// themselves.
  public var nameDigest: UInt32 = 0
  /// A digest of that part of the payload which two devices hardly ever share, 0 without one: the authentication tag of
  /// Apple's nearby information, or the value of the first service data. A phone that takes a new address before it
  /// renews this part can be followed (J. Becker, D. Li, D. Starobinski, "Tracking Anonymized Bluetooth Devices",
  /// PoPETs 2019, 3: the address-carryover).
  public var token: UInt32 = 0
  /// A length ran past the end of the data: what came before it counts all the same, as Core says nothing else.
  public var isTruncated = false

  private var services: UInt64 = 0
  private var serviceCount: UInt8 = 0

  public init() {}

  /// Whether a 16-bit service was advertised, as a service or with service data. Knows the first four.
  public func hasService(_ uuid: UInt16) -> Bool {
    for i in 0..<UInt64(serviceCount) where UInt16(truncatingIfNeeded: services >> (16 * i)) == uuid {
      return true
    }
    return false
  }

  public func hasAppleType(_ type: UInt8) -> Bool { type < 32 && appleTypes & (1 << UInt32(type)) != 0 }

  private mutating func remember(service uuid: UInt16) {
    guard serviceCount < UInt8(TracerLimits.rememberedServices), !hasService(uuid) else { return }
    services |= UInt64(uuid) << (16 * UInt64(serviceCount))
    serviceCount += 1
  }
}

extension AdvertisingFacts {
  /// Reads the AD structures in `range` of `bytes`; every kind of damage ends in facts, none in an error: what
  /// the air carries is nobody's fault here.
  ///
  /// Source: Core 5.4, vol. 3, part C, 11 (a length of zero ends the significant part).
  public init(_ bytes: Span<UInt8>, in range: Range<Int>, profile: BluezoneProfile = .standard) {
    self.init()
    read(bytes, in: range, BluezoneProfile.Marks(profile))
  }

  /// The same into facts that say nothing yet, by numbers that were made of the profile once.
  mutating func read(_ bytes: Span<UInt8>, in range: Range<Int>, _ marks: BluezoneProfile.Marks) {
    let first = min(max(range.lowerBound, 0), bytes.count)
    // Cut out, so that what is checked here is what the reads would check again.
    let data = bytes.extracting(first..<min(max(range.upperBound, first), bytes.count))
    let end = data.count
    var at = 0
    var hasBluezoneService = false
    var id: BluezoneID?
    while at < end {
      let length = Int(data[at])
      if length == 0 { break }
      let type = at + 1
      let next = type + length
      guard next <= end else {
        isTruncated = true
        break
      }
      let value = type + 1
      switch data[type] {
      case ADType.flags.rawValue where next - value == 1:
        flags = data[value]
      case ADType.shortenedName.rawValue, ADType.completeName.rawValue:
        if nameDigest == 0 { nameDigest = Digest.of(data, in: value..<next) }
      case ADType.incompleteServices16.rawValue, ADType.completeServices16.rawValue:
        var i = value
        while i + 1 < next {
          let uuid = UInt16(data[i]) | UInt16(data[i + 1]) << 8
          if uuid == marks.serviceUUID { hasBluezoneService = true }
          remember(service: uuid)
          i += 2
        }
      case ADType.serviceData16.rawValue where next - value >= 2:
        remember(service: UInt16(data[value]) | UInt16(data[value + 1]) << 8)
        if token == 0, next - value >= 2 + Self.leastTokenBytes { token = Digest.of(data, in: value + 2..<next) }
      case ADType.incompleteServices128.rawValue, ADType.completeServices128.rawValue:
        var i = value
        while i + 16 <= next {
          if marks.isIOSService(data, at: i) { hasIOSBluezoneService = true }
          i += 16
        }
      case ADType.txPowerLevel.rawValue where next - value == 1:
        txPowerDBm = Int8(bitPattern: data[value])
      case ADType.manufacturerData.rawValue where next - value >= 2:
        let company = UInt16(data[value]) | UInt16(data[value + 1]) << 8
        if companyID == nil { companyID = company }
        if company == marks.companyID {
          let found = BluezoneID(data, value + 2..<next)
          if found == nil || (id != nil && id != found) { hasWrongBluezoneData = true }
          if id == nil { id = found }
        } else if company == AppleContinuity.companyID {
          readContinuity(data, in: value + 2..<next, marks)
        }
      default: break
      }
      at = next
    }
    if hasBluezoneService, !hasWrongBluezoneData {
      bluezoneID = id
    } else if !hasBluezoneService {
      hasWrongBluezoneData = false
    }
  }

  /// Reads Apple's messages in `range`, which lies inside `bytes`. One that runs past the end ends the reading; its type
  /// counts. Nearby information behind an overflow area is not looked at.
  private mutating func readContinuity(_ bytes: Span<UInt8>, in range: Range<Int>, _ marks: BluezoneProfile.Marks) {
    if AppleContinuity.hasOverflowBit(bytes, in: range, marks) { hasOverflowBit = true }
    var at = range.lowerBound
    var hasOverflowArea = false
    while at < range.upperBound {
      let type = bytes[at]
      if type < 32 { appleTypes |= 1 << UInt32(type) }
      if type == AppleContinuity.overflowArea {
        hasOverflowArea = true
        at += 17
        continue
      }
      guard at + 1 < range.upperBound else { return }
      let message = at + 2..<at + 2 + Int(bytes[at + 1])
      guard message.upperBound <= range.upperBound else { return }
      if type == AppleContinuity.nearbyInfo, nearbyInfo == nil, !hasOverflowArea, message.count >= 2 {
        let found = AppleContinuity.NearbyInfo(bytes, in: message)
        nearbyInfo = found
        if token == 0 { token = found.token }
      }
      at = message.upperBound
    }
  }

  /// Service data shorter than this says what a device is, hardly which one.
  private static let leastTokenBytes = 4
}
