// Guarantees I1 and I2 on the wire: whatever happens to a token request or to an API's, over each of the three HTTP
// clients, no secret is seen in anything that an app can print, and nothing of what a client complains of is passed on.
// Faults and their expected ends are a table (`Faults.ts`). The vendors are their simulators on sockets of this
// machine; time is the test clock's, so that what stalls costs none.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Canary from "./Canary.ts"
import { makeWatch, reasonOf } from "./Channels.ts"
import * as Faults from "./Faults.ts"
import { clients, type ClientName } from "./programs/Plan.ts"
import { vendors, ways, type Name } from "./Vendors.ts"
import * as Wire from "./Wire.ts"

const tables = {
  "a connection that fails, stalls or breaks off": Faults.broken,
  "what is not HTTP": Faults.garbled,
  "answers that say secrets back": Faults.echoed,
  "answers of 200 that are no token answers": Faults.untokenlike
}

const realMillis = (millis: number) => Effect.promise(() => new Promise((resolve) => setTimeout(resolve, millis)))

const run = (name: Name, client: ClientName, faults: ReadonlyArray<Faults.Fault>) =>
  Effect.gen(function* () {
    const secret = Redacted.make(Canary.password())
    const way = ways[name]
    const simulator = yield* way.simulator("http://vendor.test", secret)
    const wire = yield* Wire.serve(simulator, [{ name: "the secret of the login", text: Redacted.value(secret) }])
    // No exchange but those that are asked for: what stalls in the background would hold up its scope.
    const given = { baseUrl: wire.baseUrl, secret, policy: { retry: Schedule.spaced("1 hour") } }
    const watch = makeWatch()
    const [ends, expected]: [Array<string>, Array<string>] = [[], []]

    /** Lets an effect meet the fault. Sockets are real and time is not: what stalls is waited for once it stalls. */
    const meet = Effect.fnUntraced(function* (
      fault: Faults.Fault,
      meets: Wire.Meets,
      effect: Effect.Effect<unknown, unknown>
    ) {
      const before = wire.met()
      wire.meet(fault, meets)
      const fiber = yield* Effect.forkChild(Effect.timeout(effect, "1 hour"))
      while (fiber.pollUnsafe() === undefined) {
        yield* realMillis(1)
        if (fault.stalls && wire.met() > before) yield* TestClock.adjust("10 seconds")
      }
      wire.meet(undefined)
      assert.isAbove(wire.met(), before, fault.name)
      return yield* Fiber.await(fiber)
    })

    const note = (fault: Faults.Fault, at: string, exit: Exit.Exit<unknown, unknown>) => {
      watch.see(`${fault.name} at ${at}`, exit)
      const end = reasonOf(exit)
      ends.push(`${fault.name} at ${at}: ${end}`)
      expected.push(`${fault.name} at ${at}: ${fault.ends.includes(end) ? end : fault.ends.join(" or ")}`)
    }

    for (const fault of faults) {
      yield* Effect.gen(function* () {
        const stranger = yield* way.build(given)
        note(fault, "login", yield* meet(fault, "tokens", stranger.auth.token))

        const friend = yield* way.build(given)
        yield* friend.auth.token
        if (!isAnswer(fault)) {
          const api = yield* meet(
            fault,
            "api",
            Effect.timeout(friend.client.get(`${wire.baseUrl}${simulator.resource}`), "1 minute")
          )
          watch.see(`${fault.name} at the API`, Exit.isFailure(api) ? api : "a response")
        }
        note(fault, "refresh", yield* meet(fault, "tokens", friend.auth.refresh))
        for (const { auth, client } of fault === faults[0] ? [stranger, friend] : []) {
          watch.see("the service after a failure", auth, client, yield* auth.status, yield* Effect.exit(auth.token))
        }
      }).pipe(Effect.scoped, watch.during)
    }
    assert.deepStrictEqual(ends, expected)
    assert.isAbove(watch.counts().spans, faults.length)
    assert.isAbove(watch.counts().lines, faults.length)
    assert.isAbove(wire.canaries.length, faults.length)
    assert.deepStrictEqual(Canary.search(wire.canaries, yield* watch.everything), [])
  }).pipe(Effect.provide(clients[client]))

/** What an API answers is the app's own to print. */
const isAnswer = (fault: Faults.Fault) => Faults.echoed.includes(fault) || Faults.untokenlike.includes(fault)

for (const [title, faults] of Object.entries(tables)) {
  describe(`I1, I2: no secret in any output, met by ${title}`, () => {
    for (const name of vendors) {
      for (const client of Object.keys(clients) as ReadonlyArray<ClientName>) {
        it.effect(`${name}, over ${client}`, () => run(name, client, faults), 60_000)
      }
    }
  })
}
