// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  /// The two pieces of a pack as a worn SD card may give them back. The checksum refuses nearly all of it, so they are
  /// sealed anew as well.
  static let contactPack = FuzzTarget(name: "contact-pack", seeds: packSeeds) { input in
    var input = FuzzInput(input)
    let slot = Int64(input.uint16())
    let (damagedPlace, damage) = (Int(input.uint16()), input.uint8())
    var ids = input.piece()
    var facts = input.rest()
    read(ids, facts, slot)

    ContactPack.seal(&ids, .ids, slot: slot)
    ContactPack.seal(&facts, .facts, slot: slot)
    guard let contacts = read(ids, facts, slot) else { return }
    hold(contacts.count == (facts.count - ContactPack.headBytes) / ContactPack.contactBytes, "every contact is read")
    guard let again = ContactPack.pack(contacts, slot: slot) else { fail("what was read can be written") }
    hold(again.ids == ids && again.facts == facts, "it is written as it was read")
    hold(read(ids, facts, slot + 1) == nil, "it is refused at another slot")
    guard damage != 0 else { return }
    let place = damagedPlace % (ids.count + facts.count)
    if place < ids.count { ids[place] ^= damage } else { facts[place - ids.count] ^= damage }
    hold(read(ids, facts, slot) == nil, "a damaged byte is found")
  }

  /// What the pack says in each way of asking; they must agree.
  @discardableResult
  private static func read(_ ids: [UInt8], _ facts: [UInt8], _ slot: Int64) -> [LoggedContact]? {
    var found: [BluezoneID]?
    do throws(ParseError) {
      var list: [BluezoneID] = []
      try ContactPack.forEachID(ids.span, slot: slot) { list.append(BluezoneID(high: $0, low: $1)) }
      found = list
    } catch {
      hold(error.offset <= ids.count, "a refusal names a place")
    }
    do throws(ParseError) {
      let contacts = try ContactPack.contacts(ids: ids.span, facts: facts.span, slot: slot)
      hold(contacts.map(\.id) == found, "the ids are those of the contacts")
      for id in Set(contacts.map(\.id)).prefix(8) {
        let one = try ContactPack.contact(id, ids: ids.span, facts: facts.span, slot: slot)
        hold(one == contacts.last { $0.id == id }, "a contact is found by its id")
      }
      return contacts
    } catch {
      hold(error.offset <= max(ids.count, facts.count), "a refusal names a place")
      return nil
    }
  }

  private static let packSeeds: [[UInt8]] = {
    let contacts = (0..<20).map { number in
      LoggedContact(
        id: BluezoneID(high: UInt64(number) << 40, low: UInt32(number)), first: Int64(number), last: Int64(number) * 90,
        strength: number % 5 == 0 ? .init() : .init(count: number, nearestDBm: -number, sumDBm: -60 * number),
        platform: [nil, .android, .ios][number % 3])
    }
    return [[], contacts].map { contacts in
      let (ids, facts) = ContactPack.pack(contacts, slot: 0x1234) ?? ([], [])
      return [0x34, 0x12, 77, 0, 1] + FuzzInput.piece(ids) + facts
    }
  }()
}
