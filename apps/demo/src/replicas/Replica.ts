/**
 * One of the processes of `pnpm demo --replicas`: an app like any other, whose sessions are in a file it shares.
 *
 * Decided here: how the layers are composed, which is all that changes for an app that outgrows one process; and what
 * the parent is told. Not here: how many there are, and which one is killed (`Replicas`).
 */
import { type AuthError, RefreshPolicy } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { SqlTokenStore } from "@vendor-auth/store-sql"
import { Effect, Layer, Logger, Metric, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"

/** What a replica is started with. The key is the demo's own, made for one run. */
export interface Orders {
  readonly baseUrl: string
  readonly filename: string
  readonly key: string
  readonly userName: string
  readonly password: string
}

/** What a replica tells. */
export type News =
  | { readonly _tag: "Has"; readonly generation: number; readonly by: "login" | "refresh" | "another replica" }
  | { readonly _tag: "Failed"; readonly reason: AuthError.Reason["_tag"] }
  | { readonly _tag: "Called"; readonly status: number }

const orders = JSON.parse(process.argv[2]!) as Orders

const tell = (news: News) => Effect.callback<void>((resume) => void process.send!(news, () => resume(Effect.void)))

const sessions = SqlTokenStore.layerSqlite({
  filename: orders.filename,
  keys: { current: "demo", keys: { demo: Redacted.make(Uint8Array.from(Buffer.from(orders.key, "base64url"))) } }
})

const lrs = LrsConnectAuth.layer({
  baseUrl: orders.baseUrl,
  credentials: { userName: orders.userName, password: Redacted.make(orders.password) },
  policy: { timeout: "1 second", refresh: RefreshPolicy.beforeExpiry({ fraction: 0.5 }) }
}).pipe(Layer.provide(sessions))

/** How many exchanges this process has made, by kind. */
const exchanges = Effect.map(Metric.snapshot, (all) => {
  const count = (kind: string) =>
    all
      .filter(
        ({ attributes, id }) => id === "vendor_auth_exchanges_total" && Reflect.get(attributes ?? {}, "kind") === kind
      )
      .reduce((sum, { state }) => sum + Number(Reflect.get(state, "count")), 0)
  return { login: count("login"), refresh: count("refresh") }
})

const program = Effect.gen(function* () {
  const auth = yield* LrsConnectAuth.LrsConnectAuth
  const client = yield* LrsConnectAuth.httpClient
  let before = { login: 0, refresh: 0 }
  const watch = Stream.runForEach(auth.changes, (status) =>
    Effect.gen(function* () {
      if (status._tag === "BackingOff") return yield* tell({ _tag: "Failed", reason: status.error.reason._tag })
      if (status._tag !== "Fresh") return
      const now = yield* exchanges
      const own = now.login > before.login ? "login" : now.refresh > before.refresh ? "refresh" : "another replica"
      before = now
      yield* tell({ _tag: "Has", generation: status.generation, by: own })
    })
  )
  const call = Effect.gen(function* () {
    yield* Effect.sleep("700 millis")
    yield* Effect.flatMap(client.get("/v3/accounts"), ({ status }) => tell({ _tag: "Called", status }))
  }).pipe(Effect.ignore)
  yield* Effect.all([watch, Effect.andThen(Effect.ignore(auth.token), Effect.forever(call))], {
    concurrency: "unbounded"
  })
}).pipe(Effect.provide([Layer.provideMerge(lrs, FetchHttpClient.layer), Logger.layer([])]))

// A parent that is gone wants nothing any more.
process.on("disconnect", () => process.exit())
await Effect.runPromise(program)
