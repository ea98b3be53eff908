// swift-tools-version: 6.2
// SPDX-License-Identifier: GPL-3.0-or-later
import PackageDescription

/// What every target of ours is built with: a warning is an error, and imports say what they need.
let strict: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

/// The pure targets call no C, so every unsafe construct in them must be marked as one.
let pure: [SwiftSetting] = strict + [.strictMemorySafety()]

/// The pure targets are optimized in debug builds too: there the unit tests pass months of simulated time through them.
let optimized: [SwiftSetting] = [.unsafeFlags(["-O", "-wmo", "-num-threads", "2"], .when(configuration: .debug))]

let package = Package(
  name: "bluezone-kiosk",
  products: [.executable(name: "kiosk", targets: ["KioskApp"])],
  traits: [
    .default(enabledTraits: ["Window"]),
    .trait(name: "Window", description: "The developer's window (SDL2). Left out of the device's build."),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-crypto", exact: "3.12.3"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
  ],
  targets: [
    .target(
      name: "Tracer", dependencies: [.product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: pure + optimized),
    .target(name: "KioskCore", dependencies: ["Tracer"], swiftSettings: pure + optimized),
    .target(name: "Simulator", dependencies: ["Tracer"], swiftSettings: pure + optimized),

    .target(name: "CBluetooth"),
    .target(name: "CCleanPages", linkerSettings: [.linkedLibrary("sqlite3")]),
    .target(name: "CLinux"),
    .target(name: "CSHA256"),
    .target(name: "CGpiod", linkerSettings: [.linkedLibrary("gpiod")]),
    .systemLibrary(name: "CDRM", pkgConfig: "libdrm", providers: [.apt(["libdrm-dev"])]),
    .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CPangoCairo", pkgConfig: "pangocairo", providers: [.apt(["libpango1.0-dev"])]),
    .systemLibrary(name: "CQrencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
    .systemLibrary(name: "CSDL2", pkgConfig: "sdl2", providers: [.apt(["libsdl2-dev"])]),

    .executableTarget(
      name: "KioskApp",
      dependencies: [
        "Tracer", "KioskCore", "Simulator", "CBluetooth", "CCleanPages", "CDRM", "CLinux", "CGpiod",
        "CPangoCairo", "CQrencode", "CSHA256", "CCurl",
        .target(name: "CSDL2", condition: .when(traits: ["Window"])),
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "GRDBSQLite", package: "GRDB.swift"),
        .product(name: "TOMLKit", package: "TOMLKit"),
      ],
      swiftSettings: strict),

    // How well people are counted, in figures: scripts/report-counting.
    .executableTarget(
      name: "CountingReport", dependencies: ["KioskCore", "Simulator", "Tracer"], path: "Tests/CountingReport",
      swiftSettings: strict),
    // What an advertisement costs, in figures. Without @testable, so that it is built with the kiosk's own flags.
    .executableTarget(
      name: "SpeedReport", dependencies: ["KioskCore", "Simulator", "Tracer"], path: "Tests/SpeedReport",
      swiftSettings: strict),

    // SQLite's own file access, which fails when a test says so.
    .target(name: "CFaultVFS", path: "Tests/CFaultVFS", linkerSettings: [.linkedLibrary("sqlite3")]),

    // Loops over the pixels of pictures that tests draw.
    .target(name: "Pixels", path: "Tests/Pixels", swiftSettings: strict + optimized),

    .testTarget(name: "TracerTests", dependencies: ["Tracer"], swiftSettings: strict),
    .testTarget(
      name: "KioskCoreTests", dependencies: ["KioskCore", "Simulator", "Tracer"], swiftSettings: strict),
    .testTarget(name: "SimulatorTests", dependencies: ["Simulator", "KioskCore", "Tracer"], swiftSettings: strict),
    .testTarget(
      name: "KioskAppTests",
      dependencies: [
        "KioskApp", "KioskCore", "Pixels", "Simulator", "Tracer", "CCleanPages", "CFaultVFS", "CLinux", "CPangoCairo",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Crypto", package: "swift-crypto"),
      ],
      exclude: ["Golden"],
      swiftSettings: strict),
  ]
)
