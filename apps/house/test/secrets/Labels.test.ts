// Guarantees I4 and I9: what is put into addresses, spans, logs and metrics on purpose. No secret is ever in a URL,
// token requests show no header to a trace, and an account is named by a fingerprint unless the user named it himself.
// The vendors are their simulators in process, on the test clock.
import { assert, describe, it } from "@effect/vitest"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { ItemPathSimulator } from "@vendor-auth/itempath/testing"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LogiSenseSimulator } from "@vendor-auth/logisense/testing"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Canary from "./Canary.ts"
import { makeWatch } from "./Channels.ts"
import { vendors, ways } from "./Vendors.ts"
import * as Wire from "./Wire.ts"

const origin = "https://vendor.test"

describe("I4: no secret is in a URL, and none in what a trace records of a request", () => {
  for (const name of vendors) {
    for (const isRedacting of [true, false]) {
      const title = isRedacting ? "of an app that records all headers" : "of an app that records all and redacts none"
      it.effect(`${name}, in spans ${title}`, () =>
        Effect.gen(function* () {
          const canaries = [{ name: "the password", text: Canary.password() }]
          const secret = Redacted.make(canaries[0]!.text)
          const simulator = yield* ways[name].simulator(origin, secret)
          const watched = { ...simulator, ...Wire.watched(simulator, canaries) }
          const urls: Array<string> = []
          const handle: typeof watched.handle = (request) => {
            urls.push(request.url)
            return watched.handle(request)
          }
          const watch = makeWatch()
          yield* Effect.gen(function* () {
            const { auth, client } = yield* ways[name].build({ baseUrl: origin, secret })
            yield* auth.token
            yield* auth.refresh
            yield* simulator.revokeRefreshTokens
            yield* auth.refresh
            if ("createApplicationToken" in auth) yield* auth.createApplicationToken as Effect.Effect<unknown>
            yield* simulator.revokeAccessTokens
            yield* client.get(`${origin}${simulator.resource}`)
          }).pipe(
            Effect.scoped,
            Effect.provideService(HttpClient.TracerHeaderFilter, () => true),
            isRedacting ? (effect) => effect : Effect.provideService(Headers.CurrentRedactedNames, []),
            Effect.provide(Simulator.httpClient({ ...simulator, handle })),
            watch.during
          )
          const requests = watch.spans().filter(({ attributes }) => attributes.has("url.full"))
          const [posts, gets] = ["POST", "GET"].map((method) =>
            requests.filter(({ attributes }) => attributes.get("http.request.method") === method)
          )
          assert.isAtLeast(posts!.length, 4)
          assert.isAtLeast(gets!.length, 2)
          assert.isAtLeast(urls.length, posts!.length)
          const headers = (spans: typeof requests) =>
            spans.flatMap(({ attributes }) => [...attributes.keys()].filter((key) => /^http\.\w+\.header\./.test(key)))
          assert.deepStrictEqual(headers(posts!), [])
          assert.include(headers(gets!), "http.request.header.authorization")
          assert.isAtLeast(canaries.length, 4)
          assert.deepStrictEqual(Canary.search(canaries, [["an address", urls.join("\n")]]), [])
          // What an app asks for of its own requests, with nothing redacted, it gets.
          const seen = isRedacting ? watch.spans() : posts!
          const attributes = seen.flatMap((span) =>
            [...span.attributes].map(([key, value]) => [`${span.name}: ${key}`, String(value)] as const)
          )
          assert.isAbove(attributes.length, 10)
          assert.deepStrictEqual(Canary.search(canaries, attributes), [])
        })
      )
    }
  }
})

const accounts = {
  LogiSense: (username: string, clientId: string, account?: string) =>
    Effect.gen(function* () {
      const password = Redacted.make(Canary.password())
      const credentials = { username, password, clientId, clientSecret: password }
      const simulator = yield* LogiSenseSimulator.make({ origin, credentials })
      const build = LogiSenseAuth.make({
        baseUrl: origin,
        clientId,
        credentials: { username, password },
        ...(account !== undefined && { account })
      })
      return { simulator, build }
    }),
  "LRS Connect": (username: string, _: string, account?: string) =>
    Effect.gen(function* () {
      const password = Redacted.make(Canary.password())
      const simulator = yield* LrsConnectSimulator.make({ origin, credentials: { username, password } })
      const build = LrsConnectAuth.make({
        baseUrl: origin,
        credentials: { userName: username, password },
        ...(account !== undefined && { account })
      })
      return { simulator, build }
    }),
  ItemPath: (username: string, _: string, account?: string) =>
    Effect.gen(function* () {
      const password = Redacted.make(Canary.password())
      const simulator = yield* ItemPathSimulator.make({ origin, credentials: { username, password } })
      const build = ItemPathAuth.make({
        baseUrl: origin,
        credentials: { username, password },
        ...(account !== undefined && { account })
      })
      return { simulator, build }
    })
}

describe("I9: labels of logs and metrics are key ids that are safe to log", () => {
  for (const [name, make] of Object.entries(accounts)) {
    for (const account of [undefined, "the-account-of-the-user"]) {
      const title = account === undefined ? "a fingerprint" : "the name that the user gave"
      it.effect(`${name}: ${title}, and never a user's name or a client's id`, () =>
        Effect.gen(function* () {
          const [username, clientId] = [Canary.token(), Canary.token()]
          const { build, simulator } = yield* make(username, clientId, account)
          const watch = makeWatch()
          yield* Effect.gen(function* () {
            const auth = yield* build
            yield* auth.token
            yield* auth.refresh
            yield* simulator.outage(Simulator.answer(500))
            yield* Effect.exit(auth.refresh)
            yield* TestClock.adjust("2 hours")
            watch.see("a failure", yield* Effect.exit(auth.token), yield* auth.status)
            yield* simulator.outage(undefined)
            yield* simulator.revokeRefreshTokens
            yield* simulator.setPassword(Redacted.make("another"))
            watch.see("a failure", yield* Effect.exit(auth.refresh))
            yield* auth.signOut
          }).pipe(Effect.scoped, Effect.provide(Simulator.httpClient(simulator)), watch.during)
          const seen = yield* watch.everything
          assert.isAtLeast(watch.counts().lines, 4)
          const names = [
            { name: "the user's name", text: username },
            { name: "the client's id", text: clientId }
          ]
          assert.deepStrictEqual(Canary.search(names, seen), [])
          const label = account ?? /"account":"([0-9a-f]{12})"/.exec(seen.map(([, text]) => text).join("\n"))?.[1]
          assert.isDefined(label)
          for (const where of [/log record's annotations/, /^the metric vendor_auth_token_life_seconds/]) {
            assert.isTrue(
              seen.some(([at, text]) => where.test(at) && text.includes(label!)),
              `the label is seen in ${where}`
            )
          }
        })
      )
    }
  }
})
