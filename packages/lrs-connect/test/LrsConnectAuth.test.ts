import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"

AuthServiceSuite.suite("LRS Connect", {
  tag: LrsConnectAuth.LrsConnectAuth,
  simulator: LrsConnectSimulator.make(),
  layer: ({ credentials: { password, username: userName }, origin }, options) =>
    LrsConnectAuth.layer({ baseUrl: origin, credentials: { userName, password }, ...options }),
  httpClient: LrsConnectAuth.httpClient,
  life: "1 hour",
  refreshTokenUse: "once"
})
