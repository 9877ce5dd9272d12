// Guarantee J4, where base URLs come from tenants: a name that leads into the own network is refused when a connection
// is made, after it was looked up, by a client that the app sets up so. fetch has no such option: core's README says so.
// Every name is looked up by a stub, and the only address that is ever connected to is this machine's.
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Loopback from "@vendor-auth/testing/Loopback"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import { BlockList, isIP, type LookupFunction } from "node:net"
import * as Acme from "./Acme.ts"
import { engine, onDemand, reasonOf } from "./Acme.ts"

const inside = new BlockList()
for (const [net, bits] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["169.254.0.0", 16],
  ["100.64.0.0", 10]
] as const) {
  inside.addSubnet(net, bits, "ipv4")
}
inside.addSubnet("fc00::", 7, "ipv6")
inside.addSubnet("fe80::", 10, "ipv6")

const isInside = (address: string) => inside.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")

/** What a name leads to, one look-up after the other; the last answer stays. */
const resolver = (...answers: ReadonlyArray<string>) => {
  const asked: Array<string> = []
  const lookup: LookupFunction = (name, options, done) => {
    asked.push(name)
    const address = answers[Math.min(asked.length, answers.length) - 1]!
    if (isInside(address)) {
      // Like a name that does not exist: nothing was sent, and it may be tried again.
      return done(Object.assign(new Error("an address inside"), { code: "ENOTFOUND" }), "", 4)
    }
    const family = isIP(address)
    if (options.all === true) done(null, [{ address, family }])
    else done(null, address, family)
  }
  return { asked, lookup }
}

const clients: Record<string, (lookup: LookupFunction) => Layer.Layer<HttpClient.HttpClient>> = {
  undici: (lookup) => NodeHttpClient.layerUndiciOptions({ connect: { lookup }, pipelining: 0 }),
  "node:http": (lookup) => NodeHttpClient.layerNodeHttpOptions({ lookup, keepAlive: false })
}

const addresses = [
  "10.0.0.1",
  "10.255.255.255",
  "172.16.0.1",
  "172.31.255.254",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "fd00::1",
  "fe80::1",
  "::ffff:10.0.0.1",
  "::ffff:169.254.169.254"
]

describe("J4: an address inside of the own network is refused when a connection is made, after the look-up", () => {
  for (const [name, client] of Object.entries(clients)) {
    it.live(`${name}: whatever private address a tenant's name leads to, nothing is sent`, () =>
      Effect.gen(function* () {
        const sim = yield* Acme.simulator
        const { port } = new URL(yield* Loopback.serve(sim))
        for (const address of addresses) {
          const { asked, lookup } = resolver(address)
          yield* Effect.gen(function* () {
            const issuer = yield* Acme.overHttp(`http://tenant.localhost:${port}`)
            const refused = yield* Effect.flip((yield* engine({ issuer }, onDemand)).token)
            assert.deepInclude(refused.reason, { _tag: "Unreachable", outcome: "NotSent" }, address)
          }).pipe(Effect.provide(client(lookup)))
          assert.isAbove(asked.length, 0)
        }
        assert.deepStrictEqual(yield* sim.seen, [])
      }).pipe(Acme.silent)
    )

    it.live(`${name}: a name that is bound anew after the first look-up is refused with its next connection`, () =>
      Effect.gen(function* () {
        const sim = yield* Acme.simulator
        const { port } = new URL(yield* Loopback.serve(sim))
        const { lookup } = resolver("127.0.0.1", "169.254.169.254")
        yield* Effect.gen(function* () {
          const issuer = yield* Acme.overHttp(`http://tenant.localhost:${port}`)
          const auth = yield* engine({ issuer }, onDemand)
          yield* auth.token
          assert.strictEqual(yield* reasonOf(auth.refresh), "Unreachable")
        }).pipe(Effect.provide(client(lookup)))
        assert.deepStrictEqual(
          (yield* sim.seen).map(({ kind }) => kind),
          ["login"]
        )
      }).pipe(Acme.silent)
    )
  }
})
