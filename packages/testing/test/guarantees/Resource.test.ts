// Guarantees of group E, the API's answers: which of them heal, and what a refused token costs. A stub API on the
// TestClock. What is sent a second time stands in ResourceReplay.test.ts.
import { assert, describe, it } from "@effect/vitest"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { engine, onDemand, patience, times, vendor } from "./Acme.ts"
import { setUp, status, Tag } from "./Api.ts"

describe("E. The resource server", () => {
  it.effect("E1: a 401 on a stale token is refreshed and the call repeated once: 2 sends", () =>
    Effect.gen(function* () {
      const sim = yield* Acme.simulator
      yield* Effect.gen(function* () {
        const auth = yield* engine({ issuer: yield* Acme.overHttp(sim.origin) })
        const client = yield* Effect.provideService(AuthHttpClient.fromTag(Tag), Tag, auth)
        yield* auth.token
        yield* sim.revokeAccessTokens
        assert.strictEqual((yield* client.get("/thing")).status, 200)
      }).pipe(Effect.provide(Simulator.httpClient(sim)))
      assert.deepStrictEqual(
        (yield* sim.seen).map(({ kind, status }) => [kind, status]),
        [
          ["login", 200],
          ["api", 401],
          ["refresh", 200],
          ["api", 200]
        ]
      )
    }).pipe(Acme.silent)
  )

  it.effect("E2: the first 401 on a token heals, whatever its age; what healing gave is not healed for 60 s", () =>
    Effect.gen(function* () {
      let dead = 0
      const { acme, client } = yield* setUp((token) => status(token > dead ? 200 : 401))
      for (const age of [0, 1, 5_000, 5_000, Acme.minute, 40 * Acme.minute]) {
        yield* client.get("/thing")
        yield* TestClock.adjust(age)
        dead = acme.sent.length
        assert.strictEqual((yield* client.get("/thing")).status, 200, `revoked at the age of ${age} ms`)
      }
      assert.strictEqual(acme.sent.length, 7)
      // From now on every token is refused.
      dead = Infinity
      yield* client.get("/thing")
      const healedAt = acme.at.at(-1)!
      for (let second = 0; second < 3_600; second++) {
        assert.strictEqual((yield* client.get("/thing")).status, 401)
        yield* TestClock.adjust("1 second")
      }
      const after = acme.at.filter((at) => at > healedAt)
      assert.isAtMost(Acme.most(after, Acme.hour), 60)
      assert.isTrue(after.every((at, i) => at - (after[i - 1] ?? healedAt) >= Acme.minute))
    }).pipe(Acme.silent)
  )

  it.effect(
    "E3: an API that refuses everything, at 1,000 calls a second, costs at most 60 refreshes an hour and 1 % more sends",
    () =>
      Effect.gen(function* () {
        // By day the same rate for a fiftieth of the time, in which two refreshes may be.
        const seconds = times(3_600, 50)
        const { acme, client, sent } = yield* setUp(() => status(401), vendor({ life: Acme.day }))
        for (let call = 0; call < seconds * 1_000; call++) {
          yield* client.get("/thing")
          yield* TestClock.adjust(1)
        }
        assert.isAtMost(acme.sent.length - 1, Math.ceil(seconds / 60))
        assert.isAtMost(sent.length, seconds * 1_000 * 1.01)
        assert.isAtMost(Acme.most(acme.at.slice(1), Acme.minute), 1)
      }).pipe(Acme.silent),
    patience
  )

  it.effect("E2: another process's token, adopted and as stale, did not heal: the next 401 does, and at once", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const acme = vendor()
      let dead = 0
      const { client } = yield* setUp((token) => status(token > dead ? 200 : 401), acme, store)
      const other = yield* engine(acme, onDemand, store)
      yield* client.get("/thing")
      yield* TestClock.adjust("1 minute")
      yield* other.refresh
      yield* TestClock.adjust("1 minute")
      dead = 2
      assert.strictEqual((yield* client.get("/thing")).status, 401)
      assert.strictEqual((yield* client.get("/thing")).status, 200)
      assert.strictEqual(acme.sent.length, 3)
    }).pipe(Acme.silent)
  )

  it.effect(
    "E3: one endpoint that refuses everything, among others that do not, costs at most 63 refreshes an hour",
    () =>
      Effect.gen(function* () {
        let dead = 0
        const { acme, client } = yield* setUp(
          (token, { url }) => status(url.endsWith("/closed") || token <= dead ? 401 : 200),
          vendor({ life: Acme.day })
        )
        for (let second = 0; second < 3_600; second++) {
          assert.strictEqual((yield* client.get("/closed")).status, 401)
          assert.strictEqual((yield* client.get("/open")).status, 200)
          yield* TestClock.adjust("1 second")
        }
        assert.isAtMost(acme.sent.length - 1, 63)
        // A token that is revoked meanwhile is replaced within a minute.
        dead = acme.sent.length
        for (let second = 0; second < 61; second++) {
          yield* client.get("/closed")
          yield* client.get("/open")
          yield* TestClock.adjust("1 second")
        }
        assert.strictEqual((yield* client.get("/open")).status, 200)
      }).pipe(Acme.silent)
  )

  it.effect("E4: a 403 never refreshes", () =>
    Effect.gen(function* () {
      const challenge = { "www-authenticate": 'Bearer error="insufficient_scope"' }
      let headers: Record<string, string> = {}
      const { acme, client, sent } = yield* setUp(() => status(403, headers))
      for (let call = 0; call < 100; call++) {
        headers = call % 2 === 0 ? {} : challenge
        assert.strictEqual((yield* client.get("/thing")).status, 403)
      }
      assert.deepStrictEqual([acme.sent.length, sent.length], [1, 100])
    }).pipe(Acme.silent)
  )

  it.effect(
    "E5: whatever stands in `WWW-Authenticate`, nothing throws, it takes no time, and no URL in it is contacted",
    () =>
      Effect.gen(function* () {
        const { below, one } = Acme.dice(5)
        const pieces = ["Bearer ", "Basic ", "Digest", "realm=", '"', "\\", ",", " ", "=", 'error="invalid_token"', "é"]
        const urls = ["https://evil.test/x", "//evil.test", 'authorization_uri="https://evil.test/a"', "data:,", "\t"]
        let [header, dead] = ["", 0]
        const hosts = new Set<string>()
        const { acme, auth, client, sent } = yield* setUp((token, { url }) => {
          hosts.add(new URL(url).host)
          return token <= dead ? status(401, { "www-authenticate": header }) : status(200)
        })
        yield* auth.token
        const call = Effect.suspend(() => {
          dead = acme.sent.length
          return client.get("/thing")
        })
        for (let i = 0; i < times(100_000); i++) {
          header = Array.from({ length: below(12) }, () => one([...pieces, ...urls])).join("")
          assert.include([200, 401], (yield* call).status)
        }
        for (const piece of ["Bearer ,", "a", 'a="', " ", 'error="', "\\"]) {
          header = piece.repeat(1_048_576 / piece.length)
          const before = performance.now()
          yield* call
          // 50 ms for a header of 1 MiB, with a margin for a busy machine.
          assert.isBelow(performance.now() - before, 500, piece)
        }
        assert.deepStrictEqual([...hosts], ["api.acme.test"])
        assert.isAtLeast(sent.filter(({ token }) => token > 1).length, times(100_000))
      }).pipe(Acme.silent),
    patience
  )

  it.effect(
    "E5: a word inside of a quoted text, or of another scheme's challenge, does not keep a 401 from healing",
    () =>
      Effect.gen(function* () {
        for (const header of [
          'Bearer realm="error=invalid_request, or so", error="invalid_token"',
          'Bearer error="invalid_token", error_description="it is not error=insufficient_scope"',
          'DPoP error="invalid_request", Bearer error="invalid_token"'
        ]) {
          const { client } = yield* setUp((token) => status(token === 1 ? 401 : 200, { "www-authenticate": header }))
          assert.strictEqual((yield* client.get("/thing")).status, 200, header)
        }
      }).pipe(Acme.silent)
  )

  for (const word of ["insufficient_scope", "invalid_request"]) {
    it.effect(`E5: a 401 that says ${word} is not about the token, and does not refresh`, () =>
      Effect.gen(function* () {
        const header = `Basic realm="a, b", Bearer realm="x, error=\\"invalid_token\\"", error="${word}"`
        const { acme, client, sent } = yield* setUp(() => status(401, { "www-authenticate": header }))
        assert.strictEqual((yield* client.get("/thing")).status, 401)
        assert.deepStrictEqual([acme.sent, sent.length], [["login"], 1])
      }).pipe(Acme.silent)
    )
  }
})
