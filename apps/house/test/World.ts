// The world that the examples of the documents are run in: the vendors' addresses, as examples write them, answered by
// simulators; the environment that examples read; and a service for each tag that an example takes as given.
// Decided here: which placeholders a simulator takes for credentials ("from your configuration", ...), and that a host
// which no simulator has is a defect. Not here: which examples are run, and what is asked of them (`Examples.test.ts`).
import { AuthService } from "@vendor-auth/core"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import { OAuth2Simulator } from "@vendor-auth/oauth2/testing"
import { SqlTokenStore } from "@vendor-auth/store-sql"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { ConfigProvider, Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Tree from "./Tree.ts"

const username = "robot"
const password = "from your configuration"
const clientId = "provided by LogiSense's support"
const clientSecret = "from a vault"

type Answers = Pick<Simulator.Simulator, "origin" | "handle">

/** The same vendor under another address. */
const under = (origin: string, vendor: Answers, change: (path: string) => string): Answers => ({
  origin,
  handle: (request) =>
    vendor.handle(new Request(vendor.origin + change(new URL(request.url).pathname), { headers: request.headers }))
})

/** LRS Connect, to which "from-an-earlier-login" is the refresh token of one. */
const withEarlierLogin = Effect.fnUntraced(function* (vendor: LrsConnectSimulator.LrsConnectSimulator) {
  const url = `${vendor.origin}/rest/v4/oauth/token`
  const headers = { "content-type": "application/json" }
  const login = { scope: "OFFLINE_ACCESS", grantType: "PASSWORD", userName: username, password }
  const answer = yield* vendor.handle(new Request(url, { method: "POST", headers, body: JSON.stringify(login) }))
  const { refreshToken } = yield* Effect.promise(() => answer.json())
  return {
    origin: vendor.origin,
    handle: (request: Request) =>
      Effect.flatMap(
        Effect.promise(() => request.text()),
        (text) => {
          const { headers, method, url } = request
          const body = text === "" ? null : text.replace("from-an-earlier-login", refreshToken)
          return vendor.handle(new Request(url, { method, headers, body }))
        }
      )
  }
})

/** A further vendor's simulator, which is called after its package and answers at https://<package>.example. */
const further = Effect.fnUntraced(function* (name: string, credentials: object) {
  const simulators = yield* Effect.promise(() => import(/* @vite-ignore */ `@vendor-auth/${name}/testing`))
  const { make } = Object.values<any>(simulators)[0]
  return yield* make({ origin: `https://${name}.example`, credentials }) as Effect.Effect<Simulator.Simulator>
})

const known = new Set(["logisense", "lrs-connect", "itempath", "oauth2"])

/** What `TestAuth` and everything else that has no vendor behind it calls. */
const anyApi: Answers = {
  origin: "https://api.test",
  handle: ({ headers }) =>
    Effect.succeed(new Response("{}", { status: /^Bearer \S/.test(headers.get("authorization") ?? "") ? 200 : 401 }))
}

/** OpenTelemetry's collector on its own port: it takes what it is sent. */
const collector: Answers = { origin: "http://localhost:4318", handle: () => Effect.succeed(Response.json({})) }

/** Makes a world; it ends with its scope. */
export const make = Effect.gen(function* () {
  const credentials = { username, password: Redacted.make(password) }
  const logiSense = yield* LogiSenseSimulator.make({
    origin: "https://example.logisensebilling.com",
    credentials: { ...credentials, clientId, clientSecret: Redacted.make(clientSecret) }
  })
  const lrs = yield* LrsConnectSimulator.make({ origin: "https://connect.lrsus.com", credentials })
  const itemPath = yield* ItemPathSimulator.make({ origin: "https://example.itempath.com", credentials })
  const acme = yield* OAuth2Simulator.make({
    origin: "https://login.acme.example",
    credentials: { ...credentials, clientId: "my-app", clientSecret: Redacted.make(clientSecret) }
  })
  const names = Tree.packages.filter(({ manifest, name }) => manifest["exports"]["./testing"] && !known.has(name))
  const others = yield* Effect.forEach(names, ({ name }) => further(name, credentials))
  const vendors: ReadonlyArray<Simulator.Simulator> = [logiSense, lrs, itemPath, acme, ...others]
  const hosts: ReadonlyArray<Answers> = [
    logiSense,
    yield* withEarlierLogin(lrs),
    itemPath,
    acme,
    under("https://api.acme.example", acme, (path) => `/api${path}`),
    anyApi,
    collector,
    ...others
  ]

  const folder = mkdtempSync(join(tmpdir(), "vendor-auth-examples-"))
  yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(folder, { recursive: true })))
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64")
  const environment = (origin: (vendor: Simulator.Simulator) => string): Record<string, string> => ({
    LOGISENSE_BASE_URL: origin(logiSense),
    LOGISENSE_CLIENT_ID: clientId,
    LOGISENSE_USERNAME: username,
    LOGISENSE_PASSWORD: password,
    LRS_BASE_URL: origin(lrs),
    LRS_USERNAME: username,
    LRS_PASSWORD: password,
    ITEMPATH_BASE_URL: origin(itemPath),
    ITEMPATH_USERNAME: username,
    ITEMPATH_PASSWORD: password,
    ACME_CLIENT_SECRET: clientSecret,
    SESSIONS_FILE: join(folder, "sessions.sqlite"),
    VENDOR_AUTH_KEYS: `made-up:${key}`,
    ...(process.env["DATABASE_URL"] !== undefined && { DATABASE_URL: process.env["DATABASE_URL"] })
  })
  const config = ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment(({ origin }) => origin) }))

  const fetch: typeof globalThis.fetch = (input, init) => {
    const request = new Request(input, init)
    const host = hosts.find(({ origin }) => origin === new URL(request.url).origin)
    if (host === undefined) return Promise.reject(new Error(`An example is not run against ${request.url}`))
    return Effect.runPromise(host.handle(request))
  }

  const client = Simulator.httpClient(...(hosts as ReadonlyArray<Simulator.Simulator>))
  const given = Layer.mergeAll(
    LogiSenseAuth.layerConfig(LogiSenseAuth.config),
    LrsConnectAuth.layerConfig(LrsConnectAuth.config),
    ItemPathAuth.layerConfig(ItemPathAuth.config)
  ).pipe(
    Layer.provideMerge(client),
    Layer.merge(TokenStore.layerMemory),
    Layer.provideMerge(Layer.succeed(FetchHttpClient.Fetch, fetch)),
    Layer.provideMerge(config)
  )
  const store = SqlTokenStore.layerSqlite({ filename: join(folder, "given.sqlite"), keys: "storeSecretsInPlaintext" })

  return {
    /** What examples may take as given: the vendors' tags, a client, stores. */
    given: AuthService.layerFrom(LogiSenseAuth.LogiSenseAuth).pipe(
      Layer.provideMerge(given),
      Layer.provideMerge(Layer.orDie(store))
    ),
    /** Serves the vendors on loopback; gives the environment that leads a process there. */
    serve: Effect.gen(function* () {
      const origins = new Map<Simulator.Simulator, string>()
      for (const vendor of [logiSense, lrs, itemPath]) origins.set(vendor, yield* Loopback.serve(vendor))
      return environment((vendor) => origins.get(vendor)!)
    }),
    /** What clients did that a vendor forbids, and the requests that were refused; a search for metadata may be. */
    faults: Effect.gen(function* () {
      const violations = yield* Effect.forEach(vendors, ({ violations }) => violations)
      const seen = yield* Effect.forEach(vendors, ({ seen }) => seen)
      const failed = seen.flat().filter(({ path, status }) => !path.includes("/.well-known/") && (status ?? 0) >= 400)
      return [...violations.flat(), ...failed.map(({ kind, path, status }) => `${kind} ${path}: ${status}`)]
    })
  }
})
