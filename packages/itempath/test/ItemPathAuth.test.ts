import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import * as AuthServiceSuite from "@vendor-auth/testing/AuthServiceSuite"

AuthServiceSuite.suite("ItemPath", {
  tag: ItemPathAuth.ItemPathAuth,
  simulator: ItemPathSimulator.make(),
  layer: ({ credentials, origin }, options) => ItemPathAuth.layer({ baseUrl: origin, credentials, ...options }),
  httpClient: ItemPathAuth.httpClient,
  life: "15 minutes",
  refreshTokenUse: "many"
})
