// SPDX-License-Identifier: GPL-3.0-or-later
import Simulator
import Testing
import Tracer

@Suite("A host changes address and id") struct HostRotationTests {
  @Test("They change together: never a new id under an old address, nor the reverse") func together() {
    var link = HostLink.running(advertisement(1))
    for number in UInt8(2)...20 {
      link.advertise(advertisement(number))
      #expect(link.isRunning && link.controller.isAdvertising)
    }
    #expect(link.transmissions == (1...20).map { transmission($0) })
    #expect(link.controller.refusals.isEmpty && link.host.counters.faults == 0)
  }

  @Test("A change switches both off, sets address and data, and switches both on") func order() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.advertise(advertisement(2))
    #expect(
      link.commands[before...].map(\.opcode) == [
        .leSetAdvertisingEnable, .leSetScanEnable, .leSetRandomAddress, .leSetAdvertisingData,
        .leSetAdvertisingEnable, .leSetScanEnable,
      ])
  }

  @Test("A new wish at any point of a change is reached without a mixture") func interrupted() {
    for point in 1...6 {
      var link = HostLink.running(advertisement(1))
      link.answer = { _ in [] }
      link.advertise(advertisement(2))
      for _ in 1..<point {
        guard let command = link.commands.last else { break }
        link.controller.receive(command.packet)
        link.settle()
      }
      let interrupted = link.commands.last
      link.advertise(advertisement(3))
      link.answer = { _ in nil }
      if let interrupted { link.controller.receive(interrupted.packet) }
      link.settle()
      #expect(link.isRunning && link.controller.transmission == transmission(3), "at command \(point)")
      #expect(
        link.transmissions.allSatisfy { (1...3).map { transmission($0) }.contains($0) }, "at command \(point)"
      )
      #expect(link.controller.refusals.isEmpty, "at command \(point)")
    }
  }

  @Test("A change back before it began costs nothing") func changedBack() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.advertise(advertisement(1))
    #expect(link.commands.count == before)
  }

  @Test("A new id under the same address leaves scanning on") func sameAddress() {
    var link = HostLink.running(advertisement(1))
    let before = link.commands.count
    link.advertise(HCIHost.Advertisement(address: advertisement(1).address, id: advertisement(2).id))
    #expect(
      link.commands[before...].map(\.opcode) == [
        .leSetAdvertisingEnable, .leSetAdvertisingData, .leSetAdvertisingEnable,
      ])
    #expect(link.isRunning && link.controller.refusals.isEmpty)
  }

  @Test("A change while the radio is down is what it comes back with") func whileDown() {
    var link = HostLink.running(advertisement(1))
    link.failTransport()
    link.advertise(advertisement(2))
    #expect(link.isDown(.transport(.closed)))
    link.advance(milliseconds: 500)
    #expect(link.isRunning && link.transmissions == [transmission(1), transmission(2)])
  }

  @Test("A day of slots: each slot's id is on the air with an address of its own") func day() throws {
    let key = try #require(BluezoneKey([UInt8](repeating: 3, count: 32)))
    var identity = BluezoneIdentity(baseKey: key, baseDay: 18_500)
    var link = HostLink()
    var sent: [String] = []
    for index in 0..<96 {
      let slot = Slot(day: 18_500, index: index)
      let wish = HCIHost.Advertisement(
        address: .resolvableForm(random: UInt64(index) << 8), id: try identity.bluezoneID(in: slot))
      if index == 0 { link.start(wish) } else { link.advertise(wish) }
      // Somebody is there: an air that is silent for ten minutes would not be believed.
      for _ in 0..<3 {
        link.advance(milliseconds: 300_000)
        if let neighbour = transmission(9) { link.controller.hear(neighbour, rssiDBm: -50) }
        link.settle()
      }
      let heard = try #require(link.controller.transmission)
      #expect(heard.address == wish.address)
      #expect(AdvertisingFacts(heard.data.span, in: 0..<heard.data.count).bluezoneID == wish.id)
      sent.append(Hex.string(heard.address.bytes + heard.data))
    }
    #expect(Set(sent).count == 96 && link.transmissions.count == 96)
    #expect(link.controller.refusals.isEmpty && link.host.counters.faults == 0)
  }
}
