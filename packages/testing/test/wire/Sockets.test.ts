// Guarantee B11 on the wire: after thousands of faulted exchanges no connection is left behind, on fetch, node:http and
// undici. Counted at the proxy, and as what the whole process has open.
// Not here: which class each fault is put in (TransportFaults.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Acme from "../guarantees/Acme.ts"
import type * as FaultProxy from "./FaultProxy.ts"
import * as Wire from "./Wire.ts"

Wire.withoutNames()

const answer = (text: string): string => `HTTP/1.1 ${text}\r\n\r\n`
const tooLong = answer("401 Unauthorized\r\ncontent-length: 2000000") + "a".repeat(1_100_000)

/** Ends by itself; the few that are ended by the deadline come less often, since each takes all of it. */
const quick: ReadonlyArray<FaultProxy.Fault> = [
  { _tag: "Latency", millis: 5 },
  { _tag: "Drip", bytes: 20, every: 1 },
  { _tag: "Cut", after: 0, by: "reset" },
  { _tag: "Cut", after: 0, by: "fin" },
  { _tag: "Cut", after: 1, by: "fin" },
  { _tag: "Cut", after: 50, by: "reset" },
  { _tag: "Cut", after: "request", by: "reset" },
  { _tag: "Cut", after: "request", by: "fin" },
  { _tag: "Drop" },
  { _tag: "Truncate", after: "head", by: "fin" },
  { _tag: "Truncate", after: "head", by: "reset" },
  { _tag: "Truncate", after: 120, by: "fin" },
  { _tag: "Instead", pieces: [answer("301 Moved\r\ncontent-length: 0\r\nlocation: /other")], every: 0, end: "open" },
  { _tag: "Instead", pieces: [answer("200 OK\r\ncontent-length: 2") + "{}"], every: 0, end: "open" },
  {
    _tag: "Instead",
    pieces: [answer("200 OK\r\ncontent-length: 9\r\ncontent-encoding: gzip") + "not gzip!"],
    every: 0,
    end: "open"
  },
  { _tag: "Instead", pieces: ["gibberish\r\n\r\n"], every: 0, end: "open" },
  { _tag: "Instead", pieces: [tooLong], every: 0, end: "open" }
]
const endless: ReadonlyArray<FaultProxy.Fault> = [
  { _tag: "Silence" },
  { _tag: "Hold" },
  { _tag: "Instead", pieces: [answer("200 OK\r\ncontent-length: 90")], every: 0, end: "open" },
  { _tag: "Drip", bytes: 1, every: 5 }
]
const statuses = [204, 400, 401, 404, 408, 429, 500, 502, 503, 504]

/** Milliseconds. A lane may meet the fault that another lane queued. */
const deadline = 250
const lanes = 4

describe("B. Token endpoint: transport faults", () => {
  for (const { keeping, name } of Wire.clients) {
    it.live(
      `B11: on ${name}, connections are returned or closed on every error path: none is left of 10,000 faulted exchanges`,
      () =>
        Effect.gen(function* () {
          const { below, next, one } = Acme.dice(11)
          const { proxy, sim } = yield* Wire.world
          const issuer = yield* Acme.overHttp(proxy.origin)
          const exchange = Effect.scoped(
            Effect.flatMap(Acme.engine({ issuer }, { ...Acme.onDemand, timeout: deadline }), ({ token }) =>
              Effect.exit(token)
            )
          )

          const before = Wire.sockets()
          const times = Acme.times(10_000, 30)
          let failed = 0
          const lane = Effect.gen(function* () {
            for (let i = 0; i < times / lanes; i++) {
              const kind = next()
              if (kind < 0.8) proxy.next(kind < 0.02 ? one(endless) : one(quick))
              else yield* sim.failNext(Simulator.answer(one(statuses), { carriedOut: below(2) === 0 }))
              const exit = yield* exchange
              if (exit._tag === "Failure") failed++
            }
          })
          yield* Effect.replicateEffect(lane, lanes, { concurrency: lanes, discard: true })
          assert.isAbove(failed, times / 2)
          assert.isAbove(proxy.accepted(), times / 4)
          yield* Wire.settled(() => proxy.open() <= lanes + 2 && Wire.sockets() <= before + 4 * (lanes + 2))
          // As many as exchanges ran at a time may be kept for the next ones.
          assert.isAtMost(proxy.open(), lanes + 2)
          // Each of them is two sockets of this process, and two more where the proxy asks the vendor.
          assert.isAtMost(Wire.sockets(), before + 4 * (lanes + 2))
        }).pipe(Effect.provide(keeping), Acme.silent),
      Acme.patience
    )
  }
})
