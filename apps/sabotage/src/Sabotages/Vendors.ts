/**
 * Wrong versions of what the three vendors' documentation says.
 *
 * Decided here: which faults of fields, encodings, lives and answers the vendors' tests must notice. Not here: what
 * holds for every vendor (`Lifecycle`, `Protocol`, `Wire`).
 */
import type { Sabotage } from "../Sabotage.ts"

const logiSenseFile = "packages/logisense/src/LogiSenseAuth.ts"
const lrsFile = "packages/lrs-connect/src/LrsConnectAuth.ts"
const itemPathFile = "packages/itempath/src/ItemPathAuth.ts"
const itemPathEndpointFile = "packages/itempath/src/ItemPathEndpoint.ts"

const logiSense = ["packages/logisense/test/LogiSenseAuth.test.ts"]
const lrs = ["packages/lrs-connect/test/LrsConnectAuth.test.ts"]
const itemPath = ["packages/itempath/test/ItemPathAuth.test.ts"]

export const vendors: ReadonlyArray<Sabotage> = [
  {
    title: "a LogiSense refresh carries the password in its body",
    file: logiSenseFile,
    find: "endpoint.refresh(refreshToken, options.extraRefreshParams)",
    replace: `endpoint.refresh(refreshToken, { ...options.extraRefreshParams, password: secret })`,
    tests: logiSense
  },
  {
    title: "a LogiSense token request is JSON and not a form",
    file: logiSenseFile,
    find: "encode: TokenEndpoint.form",
    replace: "encode: TokenEndpoint.json",
    tests: logiSense
  },
  {
    title: "a LogiSense refresh leaves the client id out",
    file: logiSenseFile,
    find: "common: { client_id: clientId }",
    replace: "common: {}",
    tests: logiSense
  },
  {
    title: "LogiSense's documented life of a refresh token is not known",
    file: logiSenseFile,
    find: "    defaultRefreshLife: Duration.seconds(1799),\n",
    replace: "",
    tests: logiSense
  },
  {
    title: "LogiSense's refresh token is presented after its own end",
    file: "packages/core/src/RefreshPolicy.ts",
    find: "Math.min(expiresAt ?? Infinity, issuedAt + Math.max(refreshLife - 1_000, refreshLife / 2))",
    replace: "Math.max(expiresAt ?? Infinity, issuedAt + 0 * refreshLife)",
    tests: logiSense
  },
  {
    title: "LRS Connect is asked with a grant type in lower case",
    file: lrsFile,
    find: `refreshToken: "REFRESH_TOKEN"`,
    replace: `refreshToken: "refresh_token"`,
    tests: lrs
  },
  {
    title: "LRS Connect's spent refresh token is kept and presented again",
    file: lrsFile,
    find: `refreshTokenUse: "once"`,
    replace: `refreshTokenUse: "many"`,
    tests: lrs
  },
  {
    title: "LRS Connect is asked without the scope that gives a refresh token",
    file: lrsFile,
    find: `common: { scope: "OFFLINE_ACCESS" }`,
    replace: "common: {}",
    tests: lrs
  },
  {
    title: "LRS Connect's API is called outside /rest",
    file: lrsFile,
    find: "api: `${baseUrl}/rest`",
    replace: "api: baseUrl",
    tests: lrs
  },
  {
    title: "an ItemPath refresh presents the access token",
    file: "packages/core/src/Flight.ts",
    find: "issuer.refresh(session.refreshToken!)",
    replace: "issuer.refresh(session.tokens?.access ?? session.refreshToken!)",
    tests: itemPath
  },
  {
    title: "ItemPath's 404 to a wrong password is taken for a transient failure",
    file: itemPathEndpointFile,
    find: "status === 404\n",
    replace: "status === 0\n",
    tests: itemPath
  },
  {
    title: "every 422 of ItemPath's API refreshes",
    file: itemPathEndpointFile,
    find: `"msg" in body && speaksOfTokens(body.msg)`,
    replace: "body !== undefined",
    tests: itemPath
  },
  {
    title: "no 422 of ItemPath's API is healed",
    file: itemPathFile,
    find: "AuthHttpClient.fromTag(ItemPathAuth, { isRejected: ItemPathEndpoint.isRejected })",
    replace: "AuthHttpClient.fromTag(ItemPathAuth)",
    tests: itemPath
  },
  {
    title: "ItemPath's refresh token passes for one that may be used once",
    file: itemPathFile,
    find: `refreshTokenUse: "many"`,
    replace: `refreshTokenUse: "once"`,
    tests: itemPath
  },
  {
    title: "an ItemPath application token ends after 15 minutes",
    file: itemPathEndpointFile,
    find: "JwtClaims.life(Redacted.value(given.accessToken)) ?? Infinity",
    replace: "JwtClaims.life(Redacted.value(given.accessToken)) ?? 900_000",
    tests: itemPath
  }
]
