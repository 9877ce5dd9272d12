// Guarantees D6 to D8: many accounts of one vendor that expire, fail and come back together do not storm it.
// Not here: one account's failures (Permanence.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { hour, minute, second } from "./Acme.ts"
import * as Tenants from "./Tenants.ts"

const keys = 1_000

/** What the platform digests takes a moment of the real clock. */
const settle = TestClock.withLive(Effect.sleep(2))

/** All tenants ask for a token so often, for so long. */
const reading = Effect.fnUntraced(function* (every: number, total: number) {
  const many = yield* Tenants.Many
  for (let passed = 0; passed < total; passed += every) {
    yield* Effect.forEach(Tenants.ids(keys), (id) => Effect.exit(many.of(id).token), { concurrency: "unbounded" })
    yield* TestClock.adjust(every)
  }
})

/** The same dice every time. */
const fairly = Random.withSeed("storms")

describe("D. Permanent failures and storms: many accounts", () => {
  it.effect("D6: expiry storms are spread", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      yield* Effect.gen(function* () {
        yield* reading(1, 1)
        assert.strictEqual(acme.sent.length, keys)
        for (let passed = 0; passed < 50 * minute; passed += 10 * second) {
          yield* TestClock.adjust(10 * second)
          yield* settle
        }
      }).pipe(Effect.provide(acme.layer()), Acme.silent, fairly)
      const refreshes = acme.sent.filter(({ what }) => what === "refresh").map(({ at }) => at)
      assert.strictEqual(refreshes.length, keys)
      assert.isAtLeast(Math.max(...refreshes) - Math.min(...refreshes), 0.09 * hour)
      assert.isAtMost(Acme.most(refreshes, second), 10)
    })
  )

  it.effect(
    "D7, D8: a vendor that is down is asked at most 10 % more than one that is not, and one that is back is not stormed",
    () =>
      Effect.gen(function* () {
        const acme = Tenants.world()
        acme.answer = (given) => Acme.fails("Answered")(given, 0, "")
        yield* Effect.gen(function* () {
          const begun = yield* Clock.currentTimeMillis
          yield* reading(5 * second, 10 * minute)
          // Without a fault each of them would have logged in once.
          assert.isAtLeast(acme.sent.length, keys)
          assert.isAtMost(acme.sent.length, keys * 1.1)

          const down = acme.sent.length
          acme.answer = Effect.succeed
          const back = yield* Clock.currentTimeMillis
          assert.strictEqual(back - begun, 10 * minute)
          yield* reading(second, 12 * minute)
          const after = acme.sent.slice(down)
          assert.isAtMost(
            Acme.most(
              after.map(({ at }) => at),
              second
            ),
            20
          )
          // And all of them are served again.
          assert.strictEqual(new Set(after.map(({ tenant }) => tenant)).size, keys)
        }).pipe(Effect.provide(acme.layer()), Acme.silent, fairly)
      })
  )

  it.effect("D8: a tenant that fails alone is tried by its own schedule", () =>
    Effect.gen(function* () {
      const acme = Tenants.world()
      acme.answer = (given, sent) =>
        sent.tenant === "tenant-0" ? Acme.fails("Answered")(given, 0, "") : Effect.succeed(given)
      yield* reading(second, 10 * minute).pipe(Effect.provide(acme.layer()), Acme.silent, fairly)
      const tries = acme.sent.filter(({ tenant }) => tenant === "tenant-0").length
      // 1, 2, 4, ... 256 seconds apart, a fifth more or less.
      assert.isTrue(tries >= 8 && tries <= 11, String(tries))
      assert.strictEqual(acme.sent.length, keys - 1 + tries)
    })
  )
})
