// Guarantees of groups A, D and G that only processes which share a store can break: one exchange for all of them, and
// what follows when one dies or stands still in the middle of it.
// Decided here: real processes, a store in a file, a vendor that presents no token twice. Not here: chaos, which finds
// what nobody thought of (test/chaos); PostgreSQL; what ends by itself (ProcessesEnding.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Vendor from "../chaos/Vendor.ts"
import * as Verdict from "../chaos/Verdict.ts"
import * as Fleet from "./Fleet.ts"
import { amount, group, patience } from "./Fleet.ts"
import type { Orders, Place } from "./Member.ts"

/** One of test/chaos/Sabotages.ts, by which these tests must fail: they are tried out so. */
const sabotage = process.env["SABOTAGE"]

/** For all of a list at once. */
const each = <A, B, E, R>(all: Iterable<A>, one: (a: A, n: number) => Effect.Effect<B, E, R>) =>
  Effect.forEach(all, one, { concurrency: "unbounded" })

const range = (length: number) => Array.from({ length }, (_, n) => n)

group("A. Correctness under concurrency: processes", () => {
  it.live(
    "A12: fleet-wide single flight through the shared store: 8 processes x 200 callers, one refresh for each expiry",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const { journal } = fleet
        const members = yield* each(range(8), () =>
          Fleet.start({ ...fleet.orders("anna"), work: "rounds", amount: 200, sabotage })
        )
        yield* each(members, (member) => member.next("Ready"))
        const expiries = amount(3, 100)
        let counted = 0
        for (let round = 0; counted <= expiries; round++) {
          assert.isBelow(round, expiries * 4, "the machine is too slow for lives of 2 s")
          const [began, refreshes] = [yield* Clock.currentTimeMillis, journal.refreshes]
          for (const member of members) member.tell("go")
          const answers = yield* each(members, (member) => member.next("Round"))
          const took = (yield* Clock.currentTimeMillis) - began
          for (const { generations, problems } of answers) {
            assert.deepStrictEqual(problems, [])
            // Whatever the machine does: no exchange but those that made a generation.
            assert.isAtMost(Math.max(...generations), journal.logins + journal.refreshes)
          }
          // A round that took longer than the least time between two refreshes may have seen two expiries.
          if (took < 1_000) {
            assert.strictEqual(journal.refreshes - refreshes, round === 0 ? 0 : 1)
            assert.strictEqual(new Set(answers.flatMap(({ generations }) => generations)).size, 1)
            counted++
          }
          yield* Effect.sleep(Vendor.life * 1_000)
        }
        for (const member of members) member.tell("end")
        yield* each(members, (member) => member.ended)
        const { session } = yield* fleet.record("anna")
        assert.strictEqual(session.generation, 1 + journal.refreshes)
        assert.strictEqual(journal.logins, 1)
        Fleet.assertStrict(journal)
      }).pipe(Effect.scoped),
    patience
  )
})

/** So many processes try once; each dies where its number says. What they said, and how many died. */
const wave = Effect.fnUntraced(function* (
  size: number,
  orders: Omit<Orders, "work">,
  places: ReadonlyArray<Place | undefined>
) {
  const members = yield* each(range(size), (n) => {
    const place = places[n % places.length]
    return Fleet.start({
      ...orders,
      work: "token",
      ...(place !== undefined && { fate: { place, kind: "login", signal: "SIGKILL" } as const })
    })
  })
  const ends = yield* each(members, (member) => member.ended)
  const problems = members.flatMap(({ said }) => said.flatMap((one) => (one._tag === "Failed" ? [one.problem] : [])))
  assert.isFalse(members.some(({ said }) => said.some(({ _tag }) => _tag === "Given")))
  return { problems, crashes: ends.filter(({ signal }) => signal === "SIGKILL").length }
}, Effect.scoped)

/** Milliseconds after which one more login may be tried where two were begun and nobody knows what they gave. */
const blockedFor = 5 * 60_000

/**
 * So many logins may be begun in so long a time where each one's process dies: two, the second one after the deadline
 * of the first, and from then on one more each five minutes after the deadline of the one before. A run of a minute
 * sees two.
 */
const mostLogins = (timeout: number, took: number) => {
  const intent = timeout + 5_000
  return 2 + Math.max(0, Math.floor((took - intent) / (intent + blockedFor)))
}

group("D. Permanent failures and storms: processes", () => {
  it.live(
    "D3: the latch is in the shared store: a wrong password is sent at most twice, however many processes crash",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const orders = { ...fleet.orders("anna"), password: "wrong", timeout: 1_000, sabotage }
        const [size, least] = [amount(6, 50), amount(6, 100)]
        const began = yield* Clock.currentTimeMillis
        let crashes = 0
        for (let n = 0; crashes < least; n++) {
          assert.isBelow(n, 100)
          crashes += (yield* wave(size, orders, n < 2 ? ["answer", "read"] : ["answer", "read", "claim"])).crashes
          const { session } = yield* fleet.record("anna")
          yield* Fleet.past(session.intent?.deadline)
        }
        const { problems } = yield* wave(amount(3, 50), orders, [undefined])
        assert.deepStrictEqual(
          problems.filter((problem) => problem !== "Unreachable" && problem !== "InvalidCredentials"),
          []
        )
        const took = (yield* Clock.currentTimeMillis) - began
        assert.strictEqual(fleet.journal.wrongPasswords, fleet.journal.logins)
        assert.isAtLeast(fleet.journal.logins, 1)
        assert.isAtMost(fleet.journal.logins, mostLogins(orders.timeout, took), `in ${took} ms`)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "D3: the latch is in the shared store: a wrong password is sent once where nothing crashes or times out",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const size = amount(3, 50)
        const orders = { ...fleet.orders("anna"), password: "wrong", timeout: amount(10_000, 60_000), sabotage }
        const first = yield* wave(size, orders, [undefined])
        const second = yield* wave(1, orders, [undefined])
        assert.deepStrictEqual(
          [...first.problems, ...second.problems],
          range(size + 1).map(() => "InvalidCredentials")
        )
        assert.strictEqual(fleet.journal.logins, 1)
      }).pipe(Effect.scoped),
    patience
  )
})

/** A process that logs in, refreshes, and dies or stands still there. */
const hold = Effect.fnUntraced(function* (orders: Omit<Orders, "work">, place: Place, signal: "SIGKILL" | "SIGSTOP") {
  const member = yield* Fleet.start({ ...orders, work: "refresh", fate: { place, kind: "refresh", signal } })
  yield* member.next("Given")
  yield* member.next("Fate")
  if (signal === "SIGKILL") yield* member.ended
  return member
})

group("G. Process: those that die or stand still in the middle of a refresh", () => {
  it.live(
    "G2: a crash between send and persist is detected: the next process logs in and never presents the old token",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const { journal } = fleet
        const accounts = range(amount(3, 100)).map((n) => `anna-${n}`)
        const placeOf = (n: number) => (n % 3 === 2 ? "claim" : "answer")
        yield* Effect.forEach(
          accounts,
          (account, n) =>
            Effect.gen(function* () {
              const orders = fleet.orders(account)
              yield* hold({ ...orders, timeout: 3_000 }, placeOf(n), "SIGKILL")
              const { session } = yield* fleet.record(account)
              assert.strictEqual(session.intent?.kind, "refresh")
              const next = yield* Fleet.start({ ...orders, timeout: 30_000, work: "refresh", sabotage })
              yield* next.next("Given")
              assert.isAbove((yield* next.next("Given")).generation, session.generation)
            }).pipe(Effect.scoped),
          { concurrency: 4 }
        )
        Fleet.assertStrict(journal)
        assert.isAtLeast(journal.logins, accounts.length * 2)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "G7: a dead holder of an intent does not block others: they go on within its deadline and a second",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const orders = fleet.orders("anna")
        const waiting = yield* Fleet.start({ ...orders, timeout: 30_000, work: "rounds", amount: 10, sabotage })
        yield* waiting.next("Ready")
        const timeout = 3_000
        yield* hold({ ...orders, timeout }, "claim", "SIGKILL")
        const { logins, refreshes } = fleet.journal
        const { session } = yield* fleet.record("anna")
        const deadline = session.intent!.deadline
        assert.isAtMost(deadline - Date.now(), timeout + 5_000)
        // Its token is expired by then; nothing but an exchange will do.
        yield* Fleet.past(session.tokens!.expiresAt!)
        waiting.tell("go")
        const { generations, problems } = yield* waiting.next("Round")
        const late = Date.now() - deadline
        assert.deepStrictEqual(problems, [])
        assert.deepStrictEqual(generations, [session.generation + 1])
        assert.isAtLeast(late, 0)
        assert.isAtMost(late, 1_000)
        assert.deepStrictEqual([fleet.journal.logins, fleet.journal.refreshes], [logins + 1, refreshes])
        Fleet.assertStrict(fleet.journal)
      }).pipe(Effect.scoped),
    patience
  )

  it.live(
    "G8: a holder stopped past its deadline cannot overwrite: its write is refused",
    () =>
      Effect.gen(function* () {
        const fleet = yield* Fleet.setUp
        const { journal } = fleet
        const accounts = range(amount(1, 40)).map((n) => `bert-${n}`)
        yield* Effect.forEach(
          accounts,
          (account) =>
            Effect.gen(function* () {
              const orders = fleet.orders(account)
              const holder = yield* hold({ ...orders, timeout: 3_000, sabotage }, "answer", "SIGSTOP")
              const { session } = yield* fleet.record(account)
              yield* Fleet.past(Math.max(session.intent!.deadline, session.tokens!.expiresAt!))
              const other = yield* Fleet.start({ ...orders, timeout: 30_000, work: "token" })
              const given = yield* other.next("Given")
              yield* other.ended
              const before = yield* fleet.record(account)
              holder.signal("SIGCONT")
              assert.isFalse((yield* holder.next("Wrote")).hasWon)
              const after = yield* fleet.record(account)
              const { generation } = given
              assert.strictEqual(generation, session.generation + 1)
              // It goes on with what the other one has, or from there if that is due again.
              assert.isAtLeast(after.session.generation, generation)
              if (after.session.generation === generation && after.session.intent === null) {
                assert.strictEqual(after.version, before.version)
                assert.strictEqual(Vendor.hash(Redacted.value(after.session.tokens!.access)), given.token)
              }
              yield* holder.ended
              assert.isFalse(Verdict.isStale(journal, (yield* fleet.record(account)).session))
            }).pipe(Effect.scoped),
          { concurrency: 4 }
        )
        Fleet.assertStrict(journal)
      }).pipe(Effect.scoped),
    patience
  )
})

describe("G. Process: rejections", () => {
  it("G5: no unhandled rejection in any of these processes", () => Fleet.assertQuiet())
})
