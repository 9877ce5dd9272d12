import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"

AuthServiceSuite.suite("LogiSense", {
  tag: LogiSenseAuth.LogiSenseAuth,
  simulator: LogiSenseSimulator.make(),
  layer: ({ credentials: { clientId, password, username }, origin }, options) =>
    LogiSenseAuth.layer({ baseUrl: origin, clientId, credentials: { username, password }, ...options }),
  httpClient: LogiSenseAuth.httpClient,
  life: "30 minutes",
  refreshTokenUse: "once"
})
