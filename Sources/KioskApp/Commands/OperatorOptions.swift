// SPDX-License-Identifier: GPL-3.0-or-later

import ArgumentParser

/// Who answers for what leaves the kiosk, or comes in without a signature; both go into the audit log.
struct OperatorOptions: ParsableArguments {
  @Option(name: .customLong("operator"), help: ArgumentHelp("The name of who does this; goes into the audit log."))
  var operatorName: String

  @Option(help: ArgumentHelp("Why, for instance the number of the request; goes into the audit log."))
  var reason: String

  func validate() throws {
    do { _ = try authority() } catch { throw ValidationError("\(error)") }
  }

  func authority() throws(AuditEntry.Authority.Refusal) -> AuditEntry.Authority {
    try AuditEntry.Authority(operatorName: operatorName, reason: reason)
  }
}
