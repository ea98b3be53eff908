import ArgumentParser
import GRDB
import Logging
import TOMLKit
import CPangoCairo
import CQrencode
#if Window
import CSDL2
#endif

@main struct KioskCommand: AsyncParsableCommand {
  func run() async throws {
    print(PANGO_SCALE, QRcode_APIVersionString().map { String(cString: $0) } ?? "")
    #if Window
    print(SDL_INIT_VIDEO)
    #endif
  }
}
