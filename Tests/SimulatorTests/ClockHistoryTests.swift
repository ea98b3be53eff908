// SPDX-License-Identifier: GPL-3.0-or-later
import FoundationEssentials
import Simulator
import Testing
import Tracer

@testable import KioskCore

/// Random histories of clocks. With CLOCK_HISTORIES in the environment (scripts/clock-histories) as many as it says.
@Suite("Histories of clocks") struct ClockHistoryTests {
  private static let asked: [UInt64] = {
    let words = ProcessInfo.processInfo.environment["CLOCK_HISTORIES"]?.split(separator: " ") ?? []
    let numbers = words.compactMap { UInt64($0) }
    return numbers.count == 2 ? Array(numbers[1]..<numbers[0] + numbers[1]) : Array(6...20) + found
  }()

  /// Of thousands, those that have shown a fault: rows kept while a synchronised clock was behind; a clock believed that
  /// was behind for a whole boot; rows of a wrong clock that was contradicted, and of one that was not. In 27 such rows are
  /// deleted as soon as they may be.
  private static let found: [UInt64] = [27, 262, 1297, 1492, 1720]

  @Test("Nothing young is lost, nothing old is kept, and every date is right or not given") func histories() {
    var (written, deleted, undated, plain, failed) = (0, 0, 0, 0, 0)
    for seed in Self.asked {
      var model = ClockModel(ClockHistory(seed: seed))
      model.run()
      if model.history.isPlain { plain += 1 }
      written += model.figures.written
      deleted += model.figures.deleted
      undated += model.figures.undatedAtTheEnd
      if !model.faults.isEmpty { failed += 1 }
      #expect(model.faults.isEmpty, "seed \(seed)")
    }
    print(
      "clocks: \(Self.asked.count) histories, seeds from \(Self.asked[0]) on, \(plain) of them without a leap: "
        + "\(written) rows written, \(deleted) deleted, \(undated) undated at the end; \(failed) failed")
    #expect(plain > 0 && deleted > 0)
  }

  @Test(
    "The checks see a kiosk that believes every clock, and one that deletes by the wall clock",
    arguments: [ClockModel.Mutant.believesEveryClock, .deletesByTheWallClock])
  func mutants(mutant: ClockModel.Mutant) {
    let faults = (1...8 as ClosedRange<UInt64>).count { seed in
      var model = ClockModel(ClockHistory(seed: seed), mutant: mutant)
      model.run()
      return !model.faults.isEmpty
    }
    #expect(faults >= 3)
  }
}
