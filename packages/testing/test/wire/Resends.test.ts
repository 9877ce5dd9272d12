// Guarantee B3 on the wire: how often a refresh token that may be used once is sent, whatever becomes of the answer, on
// fetch, node:http and undici. Counted by what the proxy saw arrive, and by a vendor that notes each reuse.
// Not here: what is sent as hours go by (guarantees/TransportUnknown.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Acme from "../guarantees/Acme.ts"
import type * as FaultProxy from "./FaultProxy.ts"
import * as Wire from "./Wire.ts"

Wire.withoutNames()

/** How often each refresh token arrived at the proxy. */
const presented = ({ seen }: Pick<FaultProxy.Proxy, "seen">): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { request } of seen) {
    const token = /\brefresh_token=([\w-]+)$/.exec(request)?.[1]
    if (token !== undefined) counts.set(token, (counts.get(token) ?? 0) + 1)
  }
  return counts
}

const html = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 6\r\n\r\n<html>"

/** Faults after which nobody knows whether the refresh was carried out. */
const unknowns: Record<string, FaultProxy.Fault | Simulator.Fault> = {
  "a reset before the request is read": { _tag: "Cut", after: 0, by: "reset" },
  "a reset in the middle of the request": { _tag: "Cut", after: 40, by: "reset" },
  "a reset after the request": { _tag: "Cut", after: "request", by: "reset" },
  "a FIN after the request": { _tag: "Cut", after: "request", by: "fin" },
  "an answer that is lost after the vendor carried it out": { _tag: "Drop" },
  "an answer that is held back after the vendor carried it out": { _tag: "Hold" },
  "an answer that ends after its head": { _tag: "Truncate", after: "head", by: "reset" },
  "an answer that ends after some bytes": { _tag: "Truncate", after: 30, by: "fin" },
  "a page in the place of an answer": { _tag: "Instead", pieces: [html], every: 0, end: "open" },
  "408": Simulator.answer(408, { carriedOut: true }),
  "502": Simulator.answer(502, { carriedOut: true }),
  "504": Simulator.answer(504, { carriedOut: true })
}

const isSimulated = (fault: FaultProxy.Fault | Simulator.Fault): fault is Simulator.Fault => fault._tag === "Answer"

describe("B. Token endpoint: transport faults", () => {
  for (const { layer, name } of Wire.clients) {
    for (const ways of ["credentials", "no credentials"] as const) {
      it.live(`B3: on ${name}, with ${ways}, an unknown outcome costs 0 automatic resends of that refresh token`, () =>
        Effect.gen(function* () {
          const { proxy, sim } = yield* Wire.world
          const issuer = yield* Acme.overHttp(proxy.origin)
          let n = 0
          for (const [title, fault] of Object.entries(unknowns)) {
            const { refreshToken } = yield* issuer.login!.exchange
            const spent = Redacted.value(refreshToken!)
            const { failures, issuer: own } = Wire.watched({
              ...issuer,
              account: [`${n++}`],
              refreshToken,
              login: ways === "credentials" ? issuer.login : undefined
            })
            const timeout = fault._tag === "Hold" ? 300 : 10_000
            const auth = yield* Acme.engine({ issuer: own }, { ...Acme.onDemand, timeout })
            yield* isSimulated(fault) ? sim.failNext(fault) : Effect.sync(() => proxy.next(fault))
            const first = yield* Effect.result(auth.token)
            if (fault._tag !== "Hold") assert.strictEqual(failures[0]?.outcome, "Unknown", title)

            if (ways === "no credentials") {
              // What was told is what time, reads and refreshes do not change.
              for (let i = 0; i < 20; i++) {
                assert.strictEqual(yield* Acme.reasonOf(i % 2 === 0 ? auth.refresh : auth.token), "UnresolvedExchange")
              }
            } else {
              // One login in the same flight, or in the next one where the deadline ended this one.
              if (fault._tag !== "Hold") assert.strictEqual(first._tag, "Success", title)
              yield* auth.refresh
              yield* auth.refresh
            }
            assert.isAtMost(presented(proxy).get(spent) ?? 0, 1, title)
          }
          for (const [token, count] of presented(proxy)) assert.strictEqual(count, 1, token)
          assert.strictEqual(yield* sim.reuses, 0)
        }).pipe(Effect.provide(layer), Acme.silent)
      )
    }

    it.live(`B3: on ${name}, a refresh that was not sent is retried by itself, with the same token`, () =>
      Effect.gen(function* () {
        const { proxy, sim } = yield* Wire.world
        const { failures, issuer } = Wire.watched(yield* Acme.overHttp(proxy.origin))
        const auth = yield* Acme.engine({ issuer })
        yield* auth.token
        yield* proxy.down
        const { reason } = yield* Effect.flip(auth.refresh)
        assert.deepInclude(reason, { _tag: "Unreachable", outcome: "NotSent" })
        yield* proxy.up
        // Nobody asks: the schedule tries again, a second later.
        for (let i = 0; i < 1_000 && Acme.value(yield* auth.token) === "access-1"; i++) yield* Effect.sleep("10 millis")
        assert.strictEqual(failures.length, 1)
        assert.deepStrictEqual(Array.from(presented(proxy).values()), [1])
        assert.strictEqual(Acme.value(yield* auth.token), "access-2")
        assert.deepStrictEqual([yield* sim.count("login"), yield* sim.count("refresh"), yield* sim.reuses], [1, 1, 0])
      }).pipe(Effect.provide(layer), Acme.silent)
    )
  }
})
