// SPDX-License-Identifier: GPL-3.0-or-later
import KioskCore
import Testing

@Suite("The words of the screen")
struct ScreenTextTests {
  @Test("are there in every language", arguments: ScreenText.allCases)
  func complete(text: ScreenText) {
    for language in ScreenLanguage.allCases {
      let words = text.text(in: language)
      #expect(!words.isEmpty)
      #expect(words.first?.isWhitespace == false && words.last?.isWhitespace == false)
      #expect(words.split(separator: "\n").count <= 2)
    }
  }

  @Test("fill in the same values in every language", arguments: ScreenText.allCases)
  func values(text: ScreenText) {
    func places(_ words: String) -> [Bool] { ["{0}", "{1}"].map { words.contains($0) } }
    #expect(places(text.text(in: .vietnamese)) == places(text.text(in: .english)))
    #expect(!places(text.text(in: .vietnamese, "1", "2")).contains(true))
  }

  @Test("say that a number of people is an estimate")
  func estimate() {
    #expect(ScreenText.people.text(in: .vietnamese).contains("khoảng"))
    #expect(ScreenText.people.text(in: .english).contains("about"))
    #expect(ScreenText.visits.text(in: .vietnamese).contains("±"))
  }

  @Test("are written in composed letters, which every font knows", arguments: ScreenText.allCases)
  func composed(text: ScreenText) {
    let marks: ClosedRange<Unicode.Scalar> = "\u{300}"..."\u{36F}"
    #expect(!text.text(in: .vietnamese).unicodeScalars.contains { marks.contains($0) })
  }

  @Test(
    "group the digits of large counts",
    arguments: [
      (0, "0", "0"), (999, "999", "999"), (1000, "1.000", "1,000"), (23_456_789, "23.456.789", "23,456,789"),
      (-5, "0", "0"),
    ])
  func grouping(count: Int, vietnamese: String, english: String) {
    #expect(ScreenLanguage.vietnamese.grouped(count) == vietnamese)
    #expect(ScreenLanguage.english.grouped(count) == english)
  }
}
