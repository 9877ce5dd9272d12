// Guarantees I1 and I2 around an account's life: its store, the vendor's API, and what the app brings itself fail, and
// no secret is seen in anything that an app can print. Each case says how it ends, so that none passes by not
// happening.
// The vendors are their simulators in process, on the test clock.
import { describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as Session from "@vendor-auth/core/Session"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import { ItemPathAuth } from "@vendor-auth/itempath"
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as Canary from "./Canary.ts"
import { play, type Case, type Stage } from "./Stage.ts"
import { vendors, ways, type Name } from "./Vendors.ts"

/** A store that fails, or does as it is told. */
const withStore = <A, E, R>(effect: Effect.Effect<A, E, R>, store: Partial<TokenStore.TokenStore["Service"]>) =>
  Effect.flatMap(TokenStore.makeMemory, (memory) =>
    Effect.provideService(effect, TokenStore.TokenStore, TokenStore.TokenStore.of({ ...memory, ...store }))
  )

/** Builds with a store of the case's own: the stage's is provided inside, so that a way in is built by hand here. */
const builtWith = (name: Name, stage: Stage, store: Partial<TokenStore.TokenStore["Service"]>) =>
  withStore(Effect.orDie(ways[name].build({ baseUrl: new URL(stage.resource).origin, secret: stage.secret })), store)

const failing = (problem: AuthError.StoreFailure["problem"]) => Effect.fail(new AuthError.StoreFailure({ problem }))

const at = (kind: Simulator.Kind, times?: number) => ({ kind, ...(times !== undefined && { times }) })

const stored: ReadonlyArray<Case> = [
  ...(["Unavailable", "Corrupt", "Undecryptable"] as const).map((problem): Case => ({
    title: `a store that is ${problem.toLowerCase()}`,
    ways: vendors,
    ends: ["StoreFailure", "StoreFailure", "StoreFailure"],
    act: Effect.fnUntraced(function* (stage) {
      for (const store of [{ read: () => failing(problem) }, { write: () => failing(problem) }]) {
        const { auth } = yield* builtWith(nameOf(stage), stage, store)
        yield* stage.run(auth.token)
        if ("read" in store) yield* stage.run(auth.signOut)
      }
    })
  })),
  {
    title: "a store that dies in the middle of a refresh",
    ways: vendors,
    ends: ["Success", "Died", "Success"],
    act: Effect.fnUntraced(function* (stage) {
      const memory = yield* TokenStore.makeMemory
      let isBroken = false
      const { auth } = yield* builtWith(nameOf(stage), stage, {
        ...memory,
        write: (account, version, session) => {
          stage.watch.see("a session", session)
          return isBroken && session.intent === null
            ? Effect.die(new Error("the store died", { cause: session }))
            : memory.write(account, version, session)
        }
      })
      yield* stage.run(auth.token)
      isBroken = true
      yield* stage.run(auth.refresh)
      yield* stage.run(auth.token)
    })
  },
  {
    title: "a record whose token no header can carry",
    ways: vendors,
    ends: ["StoreFailure", "StoreFailure"],
    act: Effect.fnUntraced(function* (stage) {
      const memory = yield* TokenStore.makeMemory
      const text = `${stage.canary("a stored token", Canary.token())}\r\nx: y`
      const tokens = { issuedAt: 0, expiresAt: null, refreshEndsAt: null, details: null }
      const session = {
        ...Session.empty("any"),
        generation: 5,
        tokens: { ...tokens, access: Redacted.make(text) },
        refreshToken: Redacted.make(text)
      }
      let version = 0
      const { auth, client } = yield* builtWith(nameOf(stage), stage, {
        read: (account) =>
          Effect.map(memory.read(account), (row) => (row.session === undefined ? { ...row, session } : row)),
        write: (account, _, session) => memory.write(account, version++, session)
      })
      yield* stage.run(auth.token)
      yield* stage.run(client.get(stage.resource))
    }, Effect.provide(FetchHttpClient.layer))
  }
]

const api: ReadonlyArray<Case> = [
  {
    title: "an API that refuses a token once, always, and forbids",
    ways: vendors,
    ends: ["Success", "Success", "Success", "Success", "Success"],
    act: Effect.fnUntraced(function* ({ build, resource, run, simulator }) {
      const { auth, client } = yield* build()
      yield* run(auth.token)
      yield* simulator.revokeAccessTokens
      yield* run(Effect.map(client.get(resource), ({ status }) => status))
      yield* simulator.failNext(Simulator.answer(401), at("api", 4))
      yield* run(Effect.map(client.get(resource), ({ status }) => status))
      yield* simulator.failNext(Simulator.answer(403), at("api"))
      yield* run(Effect.map(client.get(resource), ({ status }) => status))
      yield* run(Stream.runHead(auth.changes))
    })
  },
  {
    title: "a connection to the API that is lost, and a status that the app's client takes for a failure",
    ways: vendors,
    ends: ["TransportError", "StatusCodeError", "StatusCodeError", "TransportError"],
    act: Effect.fnUntraced(function* ({ build, resource, run, simulator }) {
      const { client } = yield* build()
      yield* simulator.failNext(Simulator.drop({ carriedOut: false }), at("api"))
      yield* run(client.get(resource))
      const strict = HttpClient.filterStatusOk(client)
      for (const status of [403, 500]) {
        yield* simulator.failNext(Simulator.answer(status), at("api", 1))
        yield* run(strict.get(resource))
      }
      yield* simulator.revokeAccessTokens
      yield* simulator.outage(Simulator.answer(500))
      yield* simulator.revokeRefreshTokens
      yield* run(AuthHttpClient.toHttpClient(client).get(resource))
    })
  },
  {
    title: "a refused application token",
    ways: ["ItemPath by application token"],
    ends: ["Success", "ReauthenticationRequired", "ReauthenticationRequired", "ReauthenticationRequired"],
    act: Effect.fnUntraced(function* ({ build, resource, run }) {
      const { auth, client } = yield* build()
      yield* run(auth.token)
      yield* run(auth.refresh)
      yield* run(client.get(resource))
      yield* run(auth.token)
    })
  },
  {
    title: "an application token that is not given, or not as it should be",
    ways: ["ItemPath by password"],
    ends: ["RequestRefused", "Unreachable", "MalformedResponse", "Unreachable", "Success"],
    act: Effect.fnUntraced(function* ({ build, run, simulator }) {
      const { auth } = yield* build()
      const create = (auth as unknown as ItemPathAuth.ItemPathAuth["Service"]).createApplicationToken
      for (const fault of [
        Simulator.answer(403),
        Simulator.answer(500),
        Simulator.answer(200, { body: "{}" }),
        Simulator.drop({ carriedOut: true })
      ]) {
        yield* simulator.failNext(fault, at("applicationToken"))
        yield* run(create)
      }
      yield* run(create)
    })
  }
]

const own: ReadonlyArray<Case> = [
  {
    title: "a sign-in of the app's own that fails with a secret, or gives a token that no header can carry",
    ways: ["ItemPath by password"],
    ends: ["Unreachable", "MalformedResponse"],
    act: Effect.fnUntraced(function* ({ canary, run }) {
      const text = canary("the sign-in's secret", Canary.token())
      const accessToken = Redacted.make(`${text}\r\nx: y`)
      for (const signIn of [Effect.fail(new Error(text)), Effect.succeed({ accessToken })]) {
        const auth = yield* ItemPathAuth.make({ baseUrl: "https://vendor.test", credentials: { signIn } })
        yield* run(auth.token)
      }
    })
  },
  {
    title: "a retry schedule of the app's own that dies",
    ways: vendors,
    ends: ["Unreachable"],
    act: Effect.fnUntraced(function* ({ build, run, simulator }) {
      yield* simulator.outage(Simulator.answer(500))
      const retry = Schedule.modifyDelay(Schedule.forever, () => Effect.die(new Error("the schedule died")))
      const { auth } = yield* build({ policy: { retry } })
      yield* run(auth.token)
    })
  },
  {
    title: "a client of the app's own that quotes what it was to send, or dies of its own failure",
    ways: vendors,
    ends: ["Unreachable", "Died"],
    act: Effect.fnUntraced(function* (stage) {
      for (const end of [Effect.fail, Effect.die]) {
        const client = HttpClient.make((request) => {
          const { body } = request
          const sent = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
          const cause =
            end === Effect.fail ? new Error(`cannot send ${sent}`, { cause: sent }) : new Error("cannot send")
          const reason = new HttpClientError.TransportError({ request, cause, description: cause.message })
          return end(new HttpClientError.HttpClientError({ reason })) as Effect.Effect<never>
        })
        const { auth } = yield* Effect.provideService(stage.build(), HttpClient.HttpClient, client)
        yield* stage.run(auth.token)
      }
    })
  }
]

/** The way in that a stage was made for. */
const nameOf = ({ simulator }: Stage): Name =>
  vendors.find((name) => name.toLowerCase().replaceAll(" ", "-").startsWith(simulator.vendor))!

for (const [title, cases] of Object.entries({
  "of a store": stored,
  "at the vendor's API": api,
  "of the app's own parts": own
})) {
  describe(`I1: no secret in any output, of failures ${title}`, () => {
    for (const each of cases) {
      for (const name of each.ways) it.effect(`${name}: ${each.title}`, () => play(each, name))
    }
  })
}
