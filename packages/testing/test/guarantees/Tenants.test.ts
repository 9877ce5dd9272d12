// Guarantees A14 to A16: many accounts in one process do not mix, do not slow one another, and have a bound.
// Not here: storms (TenantsStorms.test.ts), and that one of many does all that one alone does (the vendors' suites).
import { assert, describe, it } from "@effect/vitest"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import * as Session from "@vendor-auth/core/Session"
import type * as TokenStore from "@vendor-auth/core/TokenStore"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { hour, minute, patience, second, times } from "./Acme.ts"
import * as Tenants from "./Tenants.ts"

/** Names that something that joins, folds or looks up carelessly takes for one another. */
const awkward = [
  "a",
  "b::c",
  "a::b",
  "c",
  "A",
  "\u00e9",
  "e\u0301",
  "__proto__",
  "constructor",
  "toString",
  " ",
  "a ",
  '"a"',
  '["Acme","a"]',
  '{"vendor":"Acme","account":"a"}',
  "a\u0000",
  "x".repeat(65_536),
  `${"x".repeat(65_535)}y`
]

/** What the platform digests takes a moment of the real clock. */
const moment = TestClock.withLive(Effect.sleep(1))

/** A process that is over has logged a tenant in. */
const loggedIn = (acme: ReturnType<typeof Tenants.world>, store: TokenStore.TokenStore["Service"]) =>
  Effect.flatMap(Tenants.Many, (many) => many.of("tenant-0").token).pipe(
    Effect.provide(acme.layer({}, store)),
    Acme.silent
  )

describe("A. Correctness under concurrency: many accounts", () => {
  it.effect(
    "A14: a tenant's token goes only to that tenant",
    () =>
      Effect.gen(function* () {
        const acme = Tenants.world()
        const names = [...awkward, ...Tenants.ids(1_000 - awkward.length)]
        yield* Effect.gen(function* () {
          const many = yield* Tenants.Many
          for (let round = 0; round < times(1_000, 50); round++) {
            yield* Effect.forEach(
              names,
              (name) => many.of(name).httpClient.get("/x", { headers: { "x-tenant": encodeURIComponent(name) } }),
              { concurrency: 50, discard: true }
            )
            // Some are refreshed, some forgotten and some refused on the way.
            const name = names[round % names.length]!
            if (round % 3 === 0) yield* many.of(name).refresh
            if (round % 3 === 1) yield* many.of(name).invalidate(yield* many.of(name).token)
            if (round % 3 === 2) yield* TestClock.adjust("5 minutes")
          }
        }).pipe(Effect.provide(acme.layer({ capacity: 900 })), Acme.silent)
        assert.strictEqual(acme.calls, names.length * times(1_000, 50))
        assert.strictEqual(acme.mismatches, 0)
      }),
    patience
  )

  it.effect("A14: an account without a name is refused by its field, and nothing is sent for it", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      const error = yield* Effect.flip(Effect.flatMap(Tenants.Many, (many) => many.of("").token)).pipe(
        Effect.provide(acme.layer())
      )
      assert.deepInclude(error.reason, { _tag: "InvalidOptions", field: "account" })
      assert.strictEqual(acme.sent.length, 0)
    })
  )

  it.effect("A15: a stuck or failing tenant does not slow another", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      acme.answer = (given, { tenant }) => {
        if (tenant === "tenant-0") return Effect.delay(Effect.succeed(given), 50)
        return tenant.endsWith("1") ? Acme.fails("Answered")(given, 0, "") : Effect.never
      }
      yield* Effect.gen(function* () {
        const many = yield* Tenants.Many
        const others = Tenants.ids(1_000).slice(1)
        yield* Effect.forkChild(
          Effect.forEach(others, (id) => Effect.exit(many.of(id).token), { concurrency: "unbounded" }),
          { startImmediately: true }
        )
        while (acme.sent.length < 999) yield* moment
        const took: Array<number> = []
        for (let i = 0; i < 20; i++) {
          const begun = yield* Clock.currentTimeMillis
          const reader = yield* Acme.fork(many.of("tenant-0").refresh)
          while (acme.sent.filter(({ tenant }) => tenant === "tenant-0").length <= i) yield* moment
          for (let step = 0; step < 20 && reader.pollUnsafe() === undefined; step++) yield* TestClock.adjust(10)
          const exit = yield* Fiber.await(reader)
          assert.isTrue(Exit.isSuccess(exit))
          took.push((yield* Clock.currentTimeMillis) - begun)
          yield* TestClock.adjust(100)
        }
        // What is out ends by its deadline, so that the scope can close.
        yield* TestClock.adjust(minute)
        // Alone it takes 50.
        assert.isAtMost(Math.max(...took), 100)
        assert.isAbove(acme.sent.filter(({ tenant }) => tenant !== "tenant-0").length, 998)
      }).pipe(Effect.provide(acme.layer()), Acme.silent)
    })
  )

  it.effect(
    "A16: memory is bounded, and an account that made room is there again when it is asked for",
    () =>
      Effect.gen(function* () {
        const acme = Tenants.world()
        const [keys, cap] = [times(100_000), times(10_000)]
        const { store } = yield* Tenants.lasting
        yield* Effect.gen(function* () {
          const many = yield* Tenants.Many
          for (const id of Tenants.ids(keys)) {
            yield* many.of(id).token
            assert.isAtMost(yield* many.size, cap)
          }
          assert.strictEqual(yield* many.size, cap)
          assert.strictEqual(acme.sent.length, keys)
          // The first one made room long ago: its session is in the store, and nothing is sent for it.
          assert.strictEqual(Acme.value(yield* many.of("tenant-0").token), "access-1")
          assert.strictEqual(acme.sent.length, keys)
        }).pipe(Effect.provide(acme.layer({ capacity: cap }, store)), Acme.silent)
      }),
    patience
  )

  it.effect("A16: who was used last is not who makes room", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      yield* Effect.gen(function* () {
        const many = yield* Tenants.Many
        for (const id of Tenants.ids(200)) {
          yield* many.of("tenant-0").token
          yield* TestClock.adjust(1)
          yield* many.of(id).token
        }
        assert.strictEqual(acme.looked.filter((id) => id === "tenant-0").length, 1)
      }).pipe(Effect.provide(acme.layer({ capacity: 10 })), Acme.silent)
    })
  )

  it.effect("A16: accounts that were forgotten leave no timer and no fiber", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      acme.policy = Acme.onDemand
      const { asleep, on } = yield* Tenants.sleepers
      yield* Effect.gen(function* () {
        const many = yield* Tenants.Many
        yield* TestClock.adjust(1)
        const before = asleep.count
        for (const id of Tenants.ids(1_000)) yield* many.of(id).token
        assert.strictEqual(yield* many.size, 1_000)
        assert.strictEqual(asleep.count, before, "one timer for all of them")
        yield* TestClock.adjust("15 minutes")
        assert.strictEqual(yield* many.size, 0)
        assert.strictEqual(asleep.count, before)
        assert.strictEqual(acme.sent.length, 1_000)
      }).pipe(Effect.provide(acme.layer({ idleTimeToLive: "10 minutes" })), Acme.silent, on)
      assert.strictEqual(asleep.count, 0)
    })
  )

  it.effect(
    "a clock that stands a fraction of a nanosecond before a moment does not make the timer run in circles",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(7e-7)
        const acme = Tenants.world()
        const { asleep, on } = yield* Tenants.sleepers
        yield* Effect.gen(function* () {
          const many = yield* Tenants.Many
          yield* many.of("tenant-0").token
          yield* TestClock.adjust("1 hour")
        }).pipe(Effect.provide(acme.layer({ idleTimeToLive: "Infinity" })), Acme.silent, on)
        assert.deepStrictEqual(
          acme.sent.map(({ what }) => what),
          ["login", "refresh"]
        )
        // A round of the accounts that are due every 2.5 seconds, and some more.
        assert.isBelow(asleep.ever, 2_000)
      })
  )

  it.effect("A16: nothing unpersisted is forgotten: what the store would not take is kept, and then written", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      const { failing, store } = yield* Tenants.lasting
      acme.answer = (given) =>
        Effect.sync(() => {
          failing.writes = true
          return given
        })
      yield* Effect.gen(function* () {
        const many = yield* Tenants.Many
        const one = yield* Acme.fork(Effect.exit(many.of("tenant-0").token))
        while (acme.sent.length === 0) yield* moment
        yield* TestClock.adjust(minute)
        assert.isTrue(Exit.isFailure(yield* Fiber.join(one)))
        const full = yield* Effect.flip(many.of("tenant-1").token)
        assert.deepInclude(full.reason, { _tag: "AccountUnavailable", problem: "Full" })
        assert.strictEqual(yield* many.size, 1)
        // Also when it cannot be tried for a while.
        acme.isLookupDown = true
        for (let i = 0; i < 50; i++) {
          yield* TestClock.adjust(5_000)
          assert.strictEqual(yield* Acme.reasonOf(many.of("tenant-1").token), "AccountUnavailable")
          assert.strictEqual((yield* many.of("tenant-0").status)._tag, "BackingOff")
        }
        acme.isLookupDown = false
        failing.writes = false
        acme.answer = Effect.succeed
        yield* TestClock.adjust(10 * minute)
        // Nobody asked for it: what was owed was paid all the same, and its token is the one that was issued then.
        yield* many.of("tenant-1").token
        assert.strictEqual(Acme.value(yield* many.of("tenant-0").token), "access-1")
        assert.deepStrictEqual(
          acme.sent.map(({ tenant, what }) => `${tenant} ${what}`),
          ["tenant-0 login", "tenant-1 login"]
        )
      }).pipe(Effect.provide(acme.layer({ capacity: 1 }, store)), Acme.silent)
    })
  )

  it.effect("a session in a store that lasts is refreshed when it is due, though nobody asks for its account", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      const { store } = yield* Tenants.lasting
      const login = Effect.flatMap(Tenants.Many, (many) => Effect.forEach(Tenants.ids(200), (id) => many.of(id).token))
      yield* login.pipe(Effect.provide(acme.layer({}, store)), Acme.silent)
      assert.strictEqual(acme.sent.length, 200)
      yield* Effect.gen(function* () {
        const many = yield* Tenants.Many
        for (let i = 0; i < 12 * 3; i++) {
          yield* TestClock.adjust(5 * minute)
          yield* TestClock.withLive(Effect.sleep(5))
        }
        assert.strictEqual(yield* many.size, 0, "a visitor is not kept")
      }).pipe(Effect.provide(acme.layer({ idleTimeToLive: "100 days" }, store)), Acme.silent)
      const refreshes = acme.sent.filter(({ what }) => what === "refresh")
      assert.strictEqual(acme.sent.length - refreshes.length, 200, "a login that nobody asked for")
      for (const id of Tenants.ids(200)) {
        const count = refreshes.filter(({ tenant }) => tenant === id).length
        assert.isTrue(count >= 3 && count <= 4, `${id}: ${count}`)
      }
    })
  )

  it.effect("an account whose refresh another process began and did not end is taken over as soon as that may be", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      const { store } = yield* Tenants.lasting
      yield* loggedIn(acme, store)
      const [key] = yield* Effect.andThen(TestClock.adjust(46 * minute), store.due("Acme", 1))
      const row = yield* store.read(key!)
      const claim: Session.Claim = { id: "another", kind: "refresh", credential: undefined }
      yield* store.write(key!, row.version, Session.begin(row.session!, claim, { deadline: row.now + 35 * second }))
      // It was on this process's list already when the other one began.
      const listed = { ...store, due: () => Effect.succeed([key!]) }
      yield* Effect.gen(function* () {
        for (let i = 0; i < 60; i++) yield* Effect.andThen(TestClock.adjust(second), moment)
      }).pipe(Effect.provide(acme.layer({}, listed)), Acme.silent)
      assert.deepStrictEqual(
        acme.sent.map(({ what }) => what),
        ["login", "login"]
      )
    })
  )

  it.effect("an account whose own schedule is later than the store's list is looked at once, and then refreshed", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      acme.policy = { refresh: RefreshPolicy.beforeExpiry({ fraction: 0.1, jitter: 0 }) }
      const { store } = yield* Tenants.lasting
      yield* loggedIn(acme, store)
      yield* TestClock.adjust(46 * minute)
      yield* Effect.gen(function* () {
        for (let i = 0; i < 80; i++) yield* Effect.andThen(TestClock.adjust(5 * second), moment)
        assert.strictEqual(acme.looked.length, 2)
        assert.strictEqual(acme.sent.length, 1)
        for (let i = 0; i < 10; i++) yield* Effect.andThen(TestClock.adjust(minute), moment)
      }).pipe(Effect.provide(acme.layer({}, store)), Acme.silent)
      assert.deepStrictEqual(
        acme.sent.map(({ what }) => what),
        ["login", "refresh"]
      )
    })
  )

  it.effect("an account that somebody signed out of is not logged in to by the rounds", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      const { store } = yield* Tenants.lasting
      yield* Effect.flatMap(Tenants.Many, (many) =>
        Effect.andThen(many.of("tenant-0").token, many.of("tenant-0").signOut)
      ).pipe(Effect.provide(acme.layer({}, store)), Acme.silent)
      yield* TestClock.adjust(2 * hour).pipe(
        Effect.andThen(TestClock.withLive(Effect.sleep(5))),
        Effect.provide(acme.layer({}, store)),
        Acme.silent
      )
      assert.strictEqual(acme.sent.length, 1)
      assert.deepStrictEqual(yield* store.due("Acme", 10), [])
    })
  )
})
