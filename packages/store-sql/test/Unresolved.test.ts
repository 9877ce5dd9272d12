// Exchanges whose end nobody knows, as an operator sees them: a list, a gauge, a log line for each.
// Decided here: an exchange is left open by a process that was stopped in the middle. Not here: what the process that
// saw an exchange fail says of it, which is core's.
import { assert, describe, it } from "@effect/vitest"
import { Session, TokenStore } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Metric from "effect/Metric"
import * as References from "effect/References"
import { TestClock } from "effect/testing"
import { SqlTokenStore } from "../src/index.ts"
import { type File, inFile, keys, session } from "./Keys.ts"
import * as Lrs from "./Lrs.ts"

const start = (file: File) =>
  Effect.map(Layer.build(Layer.fresh(SqlTokenStore.layerSqlite({ filename: file.path, keys }))), (context) => ({
    store: Context.get(context, TokenStore.TokenStore),
    operator: Context.get(context, SqlTokenStore.SqlTokenStore)
  }))

const claim = (id: string, kind: "login" | "refresh"): Session.Claim => ({ id, kind, credential: "c" })

/** Leaves an exchange open, whose deadline is so many milliseconds from now by the store's clock. */
const leave = Effect.fnUntraced(function* (
  store: TokenStore.TokenStore["Service"],
  account: string,
  kind: "login" | "refresh",
  within: number
) {
  const { now, session: read = session(account), version } = yield* store.read(account)
  const begun = Session.begin(read, claim(`${kind} of ${account}`, kind), { deadline: now + within })
  assert.isTrue(yield* store.write(account, version, begun))
  return now
})

const named = (name: string) => JSON.stringify({ vendor: "Acme", account: name })

describe("the list of unresolved exchanges", () => {
  it.effect("has those whose deadline has passed, the oldest first, with account, vendor, kind and since when", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { operator, store } = yield* start(file)
        const began = yield* leave(store, named("first"), "refresh", -1_000)
        yield* TestClock.withLive(Effect.sleep(5))
        yield* leave(store, "second", "login", -1_000)
        yield* leave(store, named("under way"), "refresh", 60_000)
        yield* store.write(named("idle"), 0, session("idle"))
        const found = yield* operator.unresolved
        const fingerprint = (yield* TokenStore.fingerprint("second")).slice(0, 12)
        assert.deepStrictEqual(
          found.map(({ account, kind, vendor }) => ({ account, vendor, kind })),
          [
            { account: "first", vendor: "Acme", kind: "refresh" },
            { account: fingerprint, vendor: "Acme", kind: "login" }
          ]
        )
        const since = DateTime.toEpochMillis(found[0]!.since)
        assert.isTrue(since >= began && since < began + 60_000)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("has an exchange since it was begun, whatever is written meanwhile, and a sweep too", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { operator, store } = yield* start(file)
        yield* leave(store, "robot", "refresh", -1_000)
        const [{ since }] = (yield* operator.unresolved) as [SqlTokenStore.Unresolved]
        yield* TestClock.withLive(Effect.sleep(20))
        const row = yield* store.read("robot")
        yield* store.write("robot", row.version, { ...row.session!, seeds: ["another"] })
        assert.deepStrictEqual((yield* operator.unresolved)[0]!.since, since)
        const next = { current: "second", keys: keys.keys }
        const layer = SqlTokenStore.layerSqlite({ filename: file.path, keys: next })
        const swept = yield* Effect.flatMap(SqlTokenStore.SqlTokenStore, ({ sweep }) => sweep).pipe(
          Effect.provide(layer)
        )
        assert.strictEqual(swept.resealed, 1)
        assert.deepStrictEqual((yield* operator.unresolved)[0]!.since, since)
        yield* leave(store, "robot", "login", -1_000)
        assert.isAbove(DateTime.toEpochMillis((yield* operator.unresolved)[0]!.since), DateTime.toEpochMillis(since))
      }).pipe(Effect.scoped)
    )
  )

  it.effect("has it no longer once it is committed, given back or signed out", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const { operator, store } = yield* start(file)
        const given: Session.Given = { tokens: session("a").tokens!, refreshToken: null, dueAt: null }
        const ends: Record<string, (read: Session.Session) => Session.Session> = {
          a: (read) => Session.commit(read, claim("refresh of a", "refresh"), given)!,
          b: (read) => Session.release(read, claim("refresh of b", "refresh"), "Refused"),
          c: (read) => Session.signOut(read, "once")
        }
        for (const [account, end] of Object.entries(ends)) {
          yield* leave(store, account, "refresh", -1_000)
          assert.strictEqual((yield* operator.unresolved).length, 1)
          const row = yield* store.read(account)
          yield* store.write(account, row.version, end(row.session!))
          assert.deepStrictEqual(yield* operator.unresolved, [])
        }
      }).pipe(Effect.scoped)
    )
  )

  it.effect("calls an account as its log lines do, and one whose record does not open by its fingerprint", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const annotated: Array<unknown> = []
        const logger = Logger.make<unknown, void>(({ fiber }) => {
          annotated.push(fiber.getRef(References.CurrentLogAnnotations)["account"])
        })
        const simulator = yield* Lrs.vendor
        const { operator, store } = yield* start(file)
        const { password, username: userName } = simulator.credentials
        const accounts: Array<string> = []
        const noted = Layer.succeed(TokenStore.TokenStore, {
          ...store,
          read: (account) =>
            Effect.andThen(
              Effect.sync(() => accounts.push(account)),
              store.read(account)
            )
        })
        for (const account of ["chosen", undefined]) {
          const layer = LrsConnectAuth.layer({
            baseUrl: simulator.origin,
            credentials: { userName, password },
            ...(account !== undefined && { account })
          })
          yield* Effect.flatMap(LrsConnectAuth.LrsConnectAuth, (auth) => auth.token).pipe(
            Effect.provide(Layer.provide(layer, [noted, Simulator.httpClient(simulator)])),
            Effect.provide(Logger.layer([logger]))
          )
        }
        for (const account of new Set(accounts)) yield* leave(store, account, "refresh", -1_000)
        const labels = (yield* operator.unresolved).map(({ account }) => account)
        assert.deepStrictEqual(labels, [...new Set(annotated)] as Array<string>)
        assert.strictEqual(labels[0], "chosen")
        assert.match(labels[1]!, /^[0-9a-f]{12}$/)
        file.sql("UPDATE sessions SET record = 'x'")
        for (const { account } of yield* operator.unresolved) assert.match(account, /^[0-9a-f]{12}$/)
      }).pipe(Effect.scoped)
    )
  )
})

describe("`watch`", () => {
  const gauge = Effect.map(Metric.snapshot, (all) => {
    const found = all.find(({ attributes, id }) => {
      return id === "vendor_auth_store_unresolved" && Reflect.get(attributes ?? {}, "vendor") === "Acme"
    })
    return (found?.state as { readonly value: number } | undefined)?.value
  })

  it.effect("sets a gauge and says each new one once, and goes on when the store fails", () =>
    inFile((file) => {
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      let looks = 0
      /** Waits until it looked once more. */
      const look = Effect.gen(function* () {
        const before = looks
        yield* TestClock.adjust("1 minute")
        while (looks === before) yield* TestClock.withLive(Effect.sleep(1))
        yield* TestClock.withLive(Effect.sleep(10))
      })
      return Effect.gen(function* () {
        const { operator, store } = yield* start(file)
        yield* leave(store, named("robot"), "refresh", -1_000)
        const counted = Layer.succeed(SqlTokenStore.SqlTokenStore, {
          ...operator,
          unresolved: Effect.ensuring(
            operator.unresolved,
            Effect.sync(() => looks++)
          )
        })
        yield* Layer.build(Layer.provide(SqlTokenStore.watch(), counted))
        yield* look
        yield* look
        assert.strictEqual(yield* gauge, 1)
        assert.strictEqual(lines.length, 1)
        assert.match(lines[0]!, /^Acme: a refresh begun at \d{4}-\d\d-\d\dT[\d:.]+Z is unresolved$/)
        file.sql("ALTER TABLE vendor_auth_sessions RENAME TO elsewhere")
        yield* look
        assert.match(lines[1]!, /the session store failed \(Unavailable/)
        file.sql("ALTER TABLE elsewhere RENAME TO vendor_auth_sessions")
        const row = yield* store.read(named("robot"))
        yield* store.write(named("robot"), row.version, Session.signOut(row.session!, "once"))
        yield* look
        assert.strictEqual(yield* gauge, 0)
        assert.strictEqual(lines.length, 2)
      }).pipe(Effect.scoped, Effect.provide(Logger.layer([logger])))
    })
  )
})
