// SPDX-License-Identifier: GPL-3.0-or-later

extension ScreenState {
  /// What the settings say of this kiosk, as far as it is seen.
  public struct Site: Hashable, Sendable {
    /// What the code holds; printed in short form under it. At most 2331 bytes (QR version 40, level M).
    public var installAddress = Site.defaultInstallAddress
    /// The two stores; where both are set their codes take the place of the one above.
    public var androidAddress: String?
    public var iosAddress: String?
    /// Further apps beside Bluezone.
    public var apps: [App] = []
    /// Who runs the kiosk, and how they are reached; empty leaves it to the reception desk.
    public var operatorName = ""
    public var operatorContact = ""
    /// Days that contacts and visits are kept.
    public var contactDays = 14
    public var visitDays = 180
    /// Whether the screen can be touched.
    public var hasTouch = false

    public init() {}

    /// Where the app is found unless the configuration says otherwise.
    public static let defaultInstallAddress = "https://www.bluezone.gov.vn"
  }

  /// An app that people are asked to install.
  public struct App: Hashable, Sendable {
    public var name: String
    public var codes: [Code]

    /// One code of an app.
    public struct Code: Hashable, Sendable {
      public var address: String
      /// Which phones it is for; nil for all.
      public var store: Store?

      public init(_ address: String, store: Store? = nil) {
        self.address = address
        self.store = store
      }
    }

    public enum Store: Hashable, Sendable, CaseIterable {
      case android
      case ios
    }

    public init(name: String, codes: [Code]) {
      self.name = name
      self.codes = codes
    }
  }
}

extension ScreenState.Site {
  /// The codes to install Bluezone: one, or one a store.
  public var installCodes: [ScreenState.App.Code] {
    if let androidAddress, let iosAddress {
      return [.init(androidAddress, store: .android), .init(iosAddress, store: .ios)]
    }
    return [.init(installAddress)]
  }

  /// The codes of further apps, three to a part, Bluezone's first in each. Empty without further apps.
  public var appParts: [[(name: String, code: ScreenState.App.Code)]] {
    let further = apps.flatMap { app in app.codes.map { (name: app.name, code: $0) } }
    return stride(from: 0, to: further.count, by: 2).map { start in
      [(name: "Bluezone", code: .init(installAddress))] + further[start..<min(start + 2, further.count)]
    }
  }

  /// An address as it is printed: without `https://`, and only the host if the rest is long.
  public static func short(_ address: String) -> String {
    var short = Substring(address)
    for scheme in ["https://", "http://"] where short.lowercased().hasPrefix(scheme) {
      short = short.dropFirst(scheme.count)
      break
    }
    while short.hasSuffix("/") { short = short.dropLast() }
    if short.count > longestPrintedAddress, let slash = short.firstIndex(where: { "/?#".contains($0) }) {
      short = short[..<slash]
    }
    return String(short)
  }

  /// The most characters of an address that are worth printing in one line under a code.
  static let longestPrintedAddress = 32
}
