// SPDX-License-Identifier: GPL-3.0-or-later

extension FuzzTarget {
  static let f0JSON = FuzzTarget(name: "f0-json", seeds: f0Seeds) { input in
    let whole = Result { () throws(F0Batch.Refusal) in try F0Batch(json: input) }
    // The lengths come of the input, so that one that fails does so again.
    let length = 1 + Int(input.last ?? 0) % 70
    hold(inPieces(input, of: 1) == whole, "read byte by byte it is the same")
    hold(inPieces(input, of: length) == whole, "read in pieces of \(length) it is the same")
    do throws(F0Batch.Refusal) {
      for entry in try whole.get().entries {
        let span = entry.end.milliseconds - entry.start.milliseconds
        hold(span >= 0 && span <= CoreLimits.f0EntryDays * SlotScheme.dayMilliseconds, "an entry's span is bounded")
        hold((0...253_402_300_799).contains(entry.start.seconds), "an entry starts in a year of four digits")
        hold(SlotScheme.allowedSlotsPerDay.contains(entry.scheme.slotsPerDay), "slots a day are bounded")
        hold(entry.dailyKey.bytes.count == BluezoneKey.byteCount, "a key is whole")
      }
    } catch {
      hold(error.description.utf8.count < 200, "a refusal is one short sentence")
      hold((error.entry ?? 1) >= 1, "entries count from 1")
      var digits = 0
      for byte in error.description.utf8 {
        digits = byte >= 0x30 && byte <= 0x39 || byte >= 0x61 && byte <= 0x66 ? digits + 1 : 0
        hold(digits < 24, "a refusal names no key")
      }
    }
  }

  private static func inPieces(_ bytes: [UInt8], of length: Int) -> Result<F0Batch, F0Batch.Refusal> {
    var place = 0
    var entries: [F0Entry] = []
    do {
      try F0Batch.read {
        let piece = bytes[place..<min(place + length, bytes.count)]
        place = piece.endIndex
        return Array(piece)
      } each: { entries.append($0) }
      return .success(F0Batch(entries: entries))
    } catch let refusal as F0Batch.Refusal {
      return .failure(refusal)
    } catch {
      fail("a refusal is the only error")
    }
  }

  private static let f0Seeds: [[UInt8]] = {
    let key = String(repeating: "0123456789abcdef", count: 4)
    let entry = #"{"daily_key":"\#(key)","time_start":1597104000,"max":96,"time_end":1597190399}"#
    return [
      #"{"data":[]}"#, #"{"data":[\#(entry)]}"#, #"{"data":[\#(entry),\#(entry)],"more":null}"#,
      #"{"data":[{"daily_key":1,"time_start":-1,"max":1e3,"time_end":9223372036854775808}]}"#,
      #"{"data":[{"x":"ế😀","max":-0}],"more":[1.5e+3,true,false]}"#,
      #"{"data":[{"daily_key":"\u00e9\ud83d\ude00","time_start":1.5,"max":true}]}"#, #"[[[[{"a":{"b":[]}}]]]]"#,
    ].map { Array($0.utf8) }
  }()
}
