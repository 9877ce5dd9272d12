// One program for every runtime: three vendors log in, refresh, and heal a 401, over Effect's client on `fetch`.
// Decided here: what is tried, and vendors that answer as their pages say, from web requests to web responses alone.
// Not here: over what they are reached (in process, or on loopback), and what a vendor does at length (`project`).
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"

const secret = Redacted.make
const tell = (status, body) => Response.json(body, { status })

/** Answers for all three vendors, told apart by their paths; `log` has what was asked of each. */
export const makeVendors = () => {
  const log = []
  const access = {}
  const refresh = {}
  let issued = 0
  const mint = (vendor, kind) => {
    log.push(`${vendor} ${kind}`)
    issued++
    access[vendor] = `access-${issued}`
    refresh[vendor] = `refresh-${issued}`
  }
  const api = (vendor, request) => {
    const isGood = request.headers.get("authorization") === `Bearer ${access[vendor]}`
    log.push(`${vendor} ${isGood ? 200 : 401}`)
    return isGood ? tell(200, {}) : tell(401, { msg: "Token has expired" })
  }
  const handle = async (request) => {
    switch (new URL(request.url).pathname) {
      case "/AuthorizationServer/api/v10/Access/Login": {
        const fields = new URLSearchParams(await request.text())
        const isRefresh = fields.get("grant_type") === "refresh_token"
        const isGood = isRefresh ? fields.get("refresh_token") === refresh.LogiSense : fields.get("password") === "a &ä"
        if (!isGood) return tell(400, { error: "invalid_grant" })
        mint("LogiSense", isRefresh ? "refresh" : "login")
        const token = { access_token: access.LogiSense, refresh_token: refresh.LogiSense }
        return tell(200, { ...token, token_type: "bearer", expires_in: 1800 })
      }
      case "/rest/v4/oauth/token": {
        const fields = await request.json()
        const isRefresh = fields.grantType === "REFRESH_TOKEN"
        const isGood = isRefresh ? fields.refreshToken === refresh.LRS : fields.password === "a &ä"
        if (!isGood) return tell(400, { error: "invalid_grant" })
        mint("LRS", isRefresh ? "refresh" : "login")
        const token = { accessToken: access.LRS, refreshToken: refresh.LRS }
        return tell(200, { ...token, tokenType: "Bearer", expiresIn: "3600", scope: "offline_access" })
      }
      case "/api/users/login":
        if ((await request.json()).password !== "a &ä") return new Response("", { status: 404 })
        mint("ItemPath", "login")
        return tell(200, { login: true, accessToken: access.ItemPath, refreshToken: refresh.ItemPath })
      case "/api/users/refresh": {
        const kept = refresh.ItemPath
        if (request.headers.get("authorization") !== `Bearer ${kept}`) return tell(422, { msg: "Bad token" })
        mint("ItemPath", "refresh")
        refresh.ItemPath = kept
        return tell(200, { accessToken: access.ItemPath })
      }
      case "/ResourceServer/api/v10/Account":
        return api("LogiSense", request)
      case "/rest/v3/accounts":
        return api("LRS", request)
      case "/api/stations":
        return api("ItemPath", request)
      default:
        return tell(500, {})
    }
  }
  return { handle, log, revoke: (vendor) => delete access[vendor] }
}

const password = secret("a &ä")
const vendorsAt = (baseUrl) => [
  [
    "LogiSense",
    "/Account",
    LogiSenseAuth,
    LogiSenseAuth.layer({ baseUrl, version: "v10", clientId: "c", credentials: { username: "me", password } })
  ],
  ["LRS", "/v3/accounts", LrsConnectAuth, LrsConnectAuth.layer({ baseUrl, credentials: { userName: "me", password } })],
  ["ItemPath", "/stations", ItemPathAuth, ItemPathAuth.layer({ baseUrl, credentials: { username: "me", password } })]
]

/** Tries the three vendors at an address; fails unless exactly the expected requests were made. */
export const smoke = async (baseUrl, vendors, fetch = globalThis.fetch) => {
  const client = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, fetch)))
  for (const [name, path, module, layer] of vendorsAt(baseUrl)) {
    const program = Effect.gen(function* () {
      const service = yield* module[`${Object.keys(module).find((key) => key.endsWith("Auth"))}`]
      const get = Effect.map(
        Effect.flatMap(module.httpClient, (api) => api.get(path)),
        ({ status }) => status
      )
      const statuses = [yield* get]
      yield* service.refresh
      statuses.push(yield* get)
      vendors.revoke(name)
      statuses.push(...(yield* Effect.all([get, get, get], { concurrency: "unbounded" })))
      yield* service.signOut
      return statuses.join(" ")
    })
    const statuses = await Effect.runPromise(
      program.pipe(
        Effect.provide(Layer.provideMerge(layer, client)),
        Effect.provideService(References.MinimumLogLevel, "Error")
      )
    )
    const said = vendors.log.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
    const exchanges = said.filter((line) => /login|refresh/.test(line)).join(" ")
    const refused = said.filter((line) => line === "401").length
    if (statuses !== "200 200 200 200 200" || exchanges !== "login refresh refresh" || refused !== 3) {
      throw new Error(`${name}: answers ${statuses}; asked for ${said.join(", ")}`)
    }
  }
  return "three vendors logged in, refreshed, and healed a 401"
}
