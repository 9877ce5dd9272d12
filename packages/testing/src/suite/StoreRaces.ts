/**
 * Many writers at once, in one process and in two.
 *
 * Decided here: the checks; also that the protocol's own steps get from the store what they rely on. Not here:
 * processes that are killed or stopped.
 */
import { assert, describe } from "@effect/vitest"
import * as Session from "@vendor-auth/core/Session"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import { change, type Check, full, put, session } from "./StoreCheck.ts"

const all = <A, E, R>(effects: ReadonlyArray<Effect.Effect<A, E, R>>) =>
  Effect.all(effects, { concurrency: "unbounded" })

/** Runs these checks. */
export const run = (check: Check): void => {
  describe("of many writers at one version", () => {
    check("one wins, and it is the winner's record that is read", ({ account, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, session())
        const won = yield* all(
          Array.from({ length: 100 }, (_, generation) => store.write(account, version, session({ generation })))
        )
        assert.strictEqual(won.filter(Boolean).length, 1)
        assert.strictEqual((yield* store.read(account)).session!.generation, won.indexOf(true))
      })
    )

    check("one makes an account that was never written", ({ account, store }) =>
      Effect.gen(function* () {
        const won = yield* all(
          Array.from({ length: 50 }, (_, generation) => store.write(account, 0, session({ generation })))
        )
        assert.strictEqual(won.filter(Boolean).length, 1)
        assert.strictEqual((yield* store.read(account)).session!.generation, won.indexOf(true))
      })
    )

    check("in two processes one wins", ({ account, other, store }) =>
      Effect.gen(function* () {
        for (let round = 0; round < 10; round++) {
          const { version } = yield* store.read(account)
          const won = yield* all(
            Array.from({ length: 10 }, (_, n) =>
              (n % 2 === 0 ? store : other).write(account, version, session({ generation: round * 10 + n }))
            )
          )
          assert.strictEqual(won.filter(Boolean).length, 1)
          const read = yield* store.read(account)
          assert.strictEqual(read.session!.generation, round * 10 + won.indexOf(true))
        }
      })
    )

    check("of many accounts all win", ({ account, store }) =>
      Effect.gen(function* () {
        const won = yield* all(
          Array.from({ length: 50 }, (_, n) => store.write(`${account} ${n}`, 0, session({ generation: n })))
        )
        assert.isTrue(won.every(Boolean))
        for (let n = 0; n < 50; n++) {
          assert.strictEqual((yield* store.read(`${account} ${n}`)).session!.generation, n)
        }
      })
    )
  })

  describe("writers that read, change and write until they win", () => {
    const increment = (read: Session.Session) => ({ ...read, generation: read.generation + 1 })

    check("lose nothing in one process", ({ account, store }) =>
      Effect.gen(function* () {
        yield* all(Array.from({ length: 25 }, () => change(store, account, increment)))
        assert.strictEqual((yield* store.read(account)).session!.generation, 25)
      })
    )

    check("lose nothing in two", ({ account, other, store }) =>
      Effect.gen(function* () {
        yield* all(Array.from({ length: 24 }, (_, n) => change(n % 2 === 0 ? store : other, account, increment)))
        assert.strictEqual((yield* store.read(account)).session!.generation, 24)
      })
    )

    check("that are interrupted leave a whole record, written or not", ({ account, store }) =>
      Effect.gen(function* () {
        yield* put(store, account, full({ generation: 0, seeds: ["0"] }))
        for (let generation = 1; generation <= 20; generation++) {
          const { version } = yield* store.read(account)
          const fiber = yield* Effect.forkChild(
            store.write(account, version, full({ generation, seeds: [String(generation)] })),
            { startImmediately: true }
          )
          yield* Fiber.interrupt(fiber)
          const { session: read } = yield* store.read(account)
          assert.deepStrictEqual(read!.seeds, [String(read!.generation)])
        }
        yield* put(store, account, session({ generation: 100 }))
        assert.strictEqual((yield* store.read(account)).session!.generation, 100)
      })
    )
  })

  describe("readers beside a writer", () => {
    check("see whole records, and generations that never go back", ({ account, other, store }) =>
      Effect.gen(function* () {
        const write = Effect.gen(function* () {
          for (let generation = 1; generation <= 30; generation++) {
            const secret = Redacted.make(`secret ${generation}`)
            yield* put(store, account, full({ generation, refreshToken: secret, seeds: [`secret ${generation}`] }))
          }
        })
        const read = Effect.gen(function* () {
          let last = 0
          let version = 0
          while (last < 30) {
            const row = yield* other.read(account)
            if (row.session !== undefined) {
              const { generation, refreshToken, seeds } = row.session
              assert.deepStrictEqual([Redacted.value(refreshToken!)], seeds)
              assert.strictEqual(seeds[0], `secret ${generation}`)
              assert.isAtLeast(generation, last)
              assert.isAtLeast(row.version, version)
              // The version belongs to this record.
              assert.strictEqual(row.version > version, generation > last)
              last = generation
              version = row.version
            }
            yield* Effect.yieldNow
          }
        })
        yield* all([write, read, read])
      })
    )
  })

  describe("of the protocol's steps", () => {
    const claim = (id: string): Session.Claim => ({ id, kind: "refresh", credential: undefined })
    const given: Session.Given = { tokens: full().tokens!, refreshToken: Redacted.make("the next"), dueAt: null }

    check("one intent of many is begun", ({ account, other, store }) =>
      Effect.gen(function* () {
        const version = yield* put(store, account, full({ intent: null }))
        const begun = yield* all(
          Array.from({ length: 20 }, (_, n) => {
            const next = Session.begin(full({ intent: null }), claim(`intent ${n}`), { deadline: 1 })
            return (n % 2 === 0 ? store : other).write(account, version, next)
          })
        )
        assert.strictEqual(begun.filter(Boolean).length, 1)
        assert.strictEqual((yield* store.read(account)).session!.intent!.id, `intent ${begun.indexOf(true)}`)
      })
    )

    check("a commit is fenced out once another process has taken over", ({ account, other, store }) =>
      Effect.gen(function* () {
        yield* put(store, account, Session.begin(full({ intent: null }), claim("mine"), { deadline: 1 }))
        const mine = yield* store.read(account)
        yield* put(other, account, Session.begin(mine.session!, claim("theirs"), { deadline: 2 }))
        const late = Session.commit(mine.session!, claim("mine"), given)
        assert.isFalse(yield* store.write(account, mine.version, late!))
        const { session: now } = yield* store.read(account)
        assert.isUndefined(Session.commit(now!, claim("mine"), given))
        assert.strictEqual(now!.intent!.id, "theirs")
      })
    )

    check("an intent that was given back does not bring an older version back", ({ account, other, store }) =>
      Effect.gen(function* () {
        const before = yield* put(store, account, full({ intent: null }))
        const begun = Session.begin(full({ intent: null }), claim("mine"), { deadline: 1 })
        yield* put(other, account, begun)
        yield* put(other, account, Session.release(begun, claim("mine"), "Refused"))
        assert.isFalse(yield* store.write(account, before, begun))
      })
    )
  })
}
