// Guarantees B1 and B2 on the wire: every fault between a client and a token endpoint, on fetch, node:http and undici.
// Which class each one is put in is proven by what the proxy saw arrive; that it ends by the deadline, and that no
// socket is left, is measured on the real clock with a tenfold margin.
//
// What a client cannot tell apart stands in the table as `but`:
// | fault                          | client    | why                                                                   |
// |--------------------------------|-----------|-----------------------------------------------------------------------|
// | SYN black hole, stalled TLS    | node:http | has no limit for connecting and does not say whether a connection     |
// |                                |           | stood: it ends by the deadline, and is Unknown, the careful side      |
// | the same                       | all       | where the deadline is shorter than the client's limit for connecting; |
// |                                |           | fetch then keeps the connecting socket up to that limit, 10 s         |
// | 100-continue only              | node:http | waits for the deadline; fetch and undici end such a connection        |
import { assert, describe, it } from "@effect/vitest"
import type * as Issuer from "@vendor-auth/core/Issuer"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type AddressInfo } from "node:net"
import * as Acme from "../guarantees/Acme.ts"
import * as BlackHole from "./BlackHole.ts"
import type * as FaultProxy from "./FaultProxy.ts"
import * as Wire from "./Wire.ts"

const asked = Wire.withoutNames()
const certificates = Wire.withAuthority()

type World = Effect.Success<typeof Wire.world>

interface Row {
  readonly title: string
  readonly outcome: Issuer.ExchangeFailure["outcome"]
  readonly reason: string
  /** What another client makes of it. */
  readonly but?: { readonly [K in Wire.Client["name"]]?: readonly [Row["outcome"], reason: string] }
  /** How much of the request the proxy sees: all of it, or nothing. */
  readonly arrives: "whole" | "nothing"
  /** It lasts as long as it is let. */
  readonly isEndless?: true
  /** An answer comes whole. */
  readonly isAnswer?: true
  /** The client that gives the connecting socket up by its own limit only. */
  readonly lingers?: Wire.Client["name"]
  /** An exchange that goes well comes first, and its connection is kept. */
  readonly isSecond?: true
  /** Sets it up; gives the address to send to. */
  readonly make: (world: World) => Effect.Effect<string, never, Scope.Scope>
}

const byProxy =
  (fault: FaultProxy.Fault): Row["make"] =>
  ({ proxy }) =>
    Effect.sync(() => {
      proxy.next(fault)
      return proxy.origin
    })

const instead = (pieces: Iterable<string>, every: number, end: "fin" | "open" = "open"): Row["make"] =>
  byProxy({ _tag: "Instead", pieces, every, end })

const answering =
  (status: number, headers: Record<string, string> = {}): Row["make"] =>
  ({ proxy, sim }) =>
    Effect.as(sim.failNext(Simulator.answer(status, { headers })), proxy.origin)

const overTls =
  (cert: string): Row["make"] =>
  ({ proxy }) =>
    Effect.map(Wire.terminate(proxy.port, { cert, key: certificates.key }), (port) => `https://127.0.0.1:${port}`)

/** Accepts, and says nothing to the client's part of the TLS handshake. */
const stalled: Row["make"] = () =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly port: number; readonly close: () => void }>((resume) => {
        const open = new Set<{ readonly destroy: () => void }>()
        const server = createServer((socket) => {
          open.add(socket)
          socket.on("error", () => {}).on("close", () => open.delete(socket))
          socket.resume()
        })
        const close = () => {
          server.close()
          open.forEach((socket) => socket.destroy())
        }
        server.listen(0, "127.0.0.1", () => {
          resume(Effect.succeed({ port: (server.address() as AddressInfo).port, close }))
        })
      }),
      ({ close }) => Effect.sync(close)
    ),
    ({ port }) => `https://127.0.0.1:${port}`
  )

const blackHole: Row["make"] = () => Effect.map(BlackHole.make, (port) => `http://127.0.0.1:${port}`)

const head = (...lines: ReadonlyArray<string>) =>
  ["HTTP/1.1 200 OK", "content-type: application/json", ...lines, "", ""].join("\r\n")
const body = JSON.stringify({ access_token: "at", refresh_token: "rt", expires_in: 60 })

const forEver = (piece: string, ...first: ReadonlyArray<string>): Iterable<string> => ({
  *[Symbol.iterator]() {
    yield* first
    while (true) yield piece
  }
})

const whole = { isAnswer: true } as const
const answered = { ...whole, outcome: "Answered", arrives: "whole" } as const
const unknown = { outcome: "Unknown", reason: "Unreachable", arrives: "whole" } as const
const unknownAfter200 = { ...unknown, reason: "Unreachable 200" } as const
const notSent = { reason: "Unreachable", outcome: "NotSent", arrives: "nothing" } as const

const rows: ReadonlyArray<Row> = [
  { title: "DNS failure", ...notSent, make: () => Effect.succeed("http://vendor.invalid") },
  {
    title: "connection refused",
    ...notSent,
    make: ({ proxy }) => Effect.as(proxy.down, proxy.origin)
  },
  {
    title: "SYN black hole",
    ...notSent,
    but: { "node:http": ["Unknown", "Unreachable"] },
    isEndless: true,
    make: blackHole
  },
  {
    title: "SYN black hole, and less time than connecting may take,",
    ...notSent,
    outcome: "Unknown",
    isEndless: true,
    lingers: "fetch",
    make: blackHole
  },
  { title: "TLS: expired", ...notSent, make: overTls(certificates.expired) },
  { title: "TLS: wrong host", ...notSent, make: overTls(certificates.wrongHost) },
  { title: "TLS: self-signed", ...notSent, make: overTls(certificates.selfSigned) },
  {
    title: "TLS: handshake stall",
    ...notSent,
    but: { "node:http": ["Unknown", "Unreachable"] },
    isEndless: true,
    make: stalled
  },
  { title: "accept then silence", ...unknown, isEndless: true, make: byProxy({ _tag: "Silence" }) },
  {
    title: "reset before the request is read",
    ...unknown,
    arrives: "nothing",
    make: byProxy({ _tag: "Cut", after: 0, by: "reset" })
  },
  { title: "reset after the request", ...unknown, make: byProxy({ _tag: "Cut", after: "request", by: "reset" }) },
  {
    title: "reset after the request was carried out",
    ...unknown,
    make: byProxy({ _tag: "Drop" })
  },
  {
    title: "answer held back after the request was carried out",
    ...unknown,
    isEndless: true,
    make: byProxy({ _tag: "Hold" })
  },
  {
    title: "reset after headers",
    ...unknownAfter200,
    make: byProxy({ _tag: "Truncate", after: "head", by: "reset" })
  },
  {
    title: "reset mid-body",
    ...unknownAfter200,
    make: instead([`${head("content-length: 90")}{"access`], 20, "fin")
  },
  {
    title: "FIN with short Content-Length",
    ...unknownAfter200,
    make: instead([`${head(`content-length: ${body.length + 1}`)}${body}`], 0, "fin")
  },
  {
    title: "chunked without end",
    ...unknown,
    isEndless: true,
    make: instead([`${head("transfer-encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n`], 0)
  },
  {
    title: "chunked and closed without an end",
    ...unknownAfter200,
    make: instead([`${head("transfer-encoding: chunked")}${body.length.toString(16)}\r\n${body}\r\n`], 0, "fin")
  },
  {
    title: "idle keep-alive socket closed as the request leaves",
    ...unknown,
    isSecond: true,
    make: byProxy({ _tag: "Cut", after: 1, by: "fin" })
  },
  {
    title: "headers dripped",
    ...unknown,
    isEndless: true,
    make: instead(forEver("x-more: 1\r\n", "HTTP/1.1 200 OK\r\n"), 20)
  },
  {
    title: "body dripped",
    ...unknown,
    isEndless: true,
    make: instead(forEver(" ", head("content-length: 90000")), 20)
  },
  {
    title: "100-continue only",
    ...unknown,
    isEndless: true,
    make: instead(["HTTP/1.1 100 Continue\r\n\r\n"], 0)
  },
  { title: "1xx flood", ...unknown, isEndless: true, make: instead(forEver("HTTP/1.1 103 Early Hints\r\n\r\n"), 0) },
  { title: "408", ...unknown, ...whole, reason: "Unreachable 408", make: answering(408) },
  { title: "429", ...answered, reason: "Throttled", make: answering(429) },
  { title: "500", ...answered, reason: "Unreachable 500", make: answering(500) },
  { title: "502", ...unknown, ...whole, reason: "Unreachable 502", make: answering(502) },
  { title: "503", ...answered, reason: "Unreachable 503", make: answering(503) },
  { title: "504", ...unknown, ...whole, reason: "Unreachable 504", make: answering(504) },
  {
    title: "3xx",
    ...answered,
    reason: "MalformedResponse (redirect)",
    make: answering(307, { location: "https://elsewhere.invalid/token" })
  },
  { title: "204 without body", ...unknown, ...whole, reason: "MalformedResponse (body)", make: answering(204) }
]

/** Milliseconds: what lasts for ever is ended soon, and nothing else is ended by the deadline, on a busy machine too. */
const deadline = (row: Row, outcome: Row["outcome"]) => (row.isEndless && outcome !== "NotSent" ? 300 : 20_000)
/** At night a connection has its whole 10 s to stand. */
const isNight = process.env["NIGHTLY"] !== undefined
const slack = 2_500

describe("B. Token endpoint: transport faults", () => {
  for (const { impatient, keeping, layer, name } of Wire.clients) {
    describe(name, () => {
      it.live("takes a good answer through the proxy, over TLS too: what fails below fails by its fault", () =>
        Effect.gen(function* () {
          const { proxy } = yield* Wire.world
          for (const origin of [proxy.origin, yield* overTls(certificates.good)({ proxy } as World)]) {
            const auth = yield* Acme.engine({ issuer: yield* Acme.overHttp(origin) }, Acme.onDemand)
            yield* auth.token
          }
          assert.strictEqual(proxy.seen.length, 2)
          assert.isTrue(proxy.seen.every((one) => one.isWhole && one.answered > 0))
        }).pipe(Effect.provide(layer), Acme.silent)
      )

      for (const row of rows) {
        const [outcome, reason] = row.but?.[name] ?? [row.outcome, row.reason]
        const left = row.lingers === name ? "leaves its socket to the client's limit of 10 s" : "leaves no socket"
        it.live(`B1, B2: ${row.title} ends by the deadline, is ${outcome}, and ${left}`, () =>
          Effect.gen(function* () {
            const world = yield* Wire.world
            const { proxy } = world
            if (row.isSecond) {
              const idle = yield* Acme.overHttp(proxy.origin)
              yield* idle.login!.exchange
              assert.strictEqual(proxy.open(), 1)
            }
            const already = proxy.seen.length
            const origin = yield* row.make(world)
            const before = Wire.sockets()
            const { failures, issuer } = Wire.watched(yield* Acme.overHttp(origin))
            const timeout = deadline(row, outcome)
            const auth = yield* Acme.engine({ issuer }, { ...Acme.onDemand, timeout })
            const [took, error] = yield* Effect.timed(Effect.flip(auth.token))

            assert.isAtMost(Duration.toMillis(took), timeout + slack)
            assert.strictEqual(Wire.line(error.reason), reason)
            // What the deadline ended has no failure of its own.
            const found = failures[0]?.outcome ?? ("outcome" in error.reason ? error.reason.outcome : undefined)
            assert.strictEqual(found, outcome)
            if (!row.isEndless) assert.strictEqual(failures.length, 1, "the deadline ended it")

            const seen = proxy.seen.slice(already)
            assert.isAtMost(seen.length, 1, "sent more than once")
            assert.strictEqual(seen[0]?.isWhole === true, row.arrives === "whole")
            assert.strictEqual(seen.length === 0, row.arrives === "nothing")
            // Whatever the table says: what arrived was sent, and what was answered came whole.
            if (outcome === "NotSent") assert.strictEqual(seen.length, 0)
            if (outcome === "Answered") assert.isAbove(seen[0]!.answered, 0)

            // After an answer that came whole a connection may be kept; `down` ends it, and nothing may be behind.
            const kept = row.isAnswer ? 1 : 0
            assert.isTrue(yield* Wire.settled(() => proxy.open() <= kept), "a connection is left open")
            yield* proxy.down
            if (row.lingers === name && !isNight) return
            assert.isTrue(
              yield* Wire.settled(() => Wire.sockets() <= before, row.lingers === name ? 25 : 10),
              "a socket is left"
            )
          }).pipe(
            Effect.provide(outcome === "NotSent" && !isNight ? impatient : row.isSecond ? keeping : layer),
            Acme.silent
          )
        )
      }
    })
  }

  it("no name was asked for outside of this machine", () => {
    assert.deepStrictEqual(Array.from(new Set(asked)), ["vendor.invalid"])
  })
})
