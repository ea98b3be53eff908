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

  @Test("say that a number of people is an estimate", arguments: ScreenText.allCases)
  func estimate(text: ScreenText) {
    let (vietnamese, english) = (text.text(in: .vietnamese).lowercased(), text.text(in: .english).lowercased())
    #expect(!vietnamese.contains("người") || vietnamese.contains("khoảng"))
    #expect(!english.contains("people") || english.contains("about"))
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
