/**
 * Which accounts share a session: those that ask for the same, and no others.
 */
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@vendor-auth/core"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { Effect, Redacted } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as Account from "../src/Account.ts"
import * as Options from "../src/Options.ts"

/** Repeatable numbers. */
const dice = (seed: number) => {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number) => Math.floor(next() * bound)
  return { below, one: <A>(of: ReadonlyArray<A>): A => of[below(of.length)]! }
}

// Few and nasty: what a key is made of is found in values too.
const scopes = ["read", "write", "a", "b", "a:b", "[", "]", ",", "scope", "audience", "read,write"]
const texts = ["a", "b", "a b", '"', '","', "[]", '"],["', "\\", "\0", "é", "e\u0301", "__proto__", "null", "read"]
const uris = ["https://a.test/", "https://b.test/", "urn:a", "urn:b", 'urn:","', "urn:a,urn:b"]

interface Given {
  readonly address: "tokenEndpoint" | "issuer"
  readonly url: string
  readonly id: string
  readonly grant: OAuth2Auth.Grant
  readonly scope: ReadonlyArray<string>
  readonly audience: string | undefined
  readonly resource: ReadonlyArray<string>
  readonly extra: ReadonlyArray<readonly [string, string]>
}

const secret = Redacted.make("s")

const options = ({ address, audience, extra, grant, id, resource, scope, url }: Given) =>
  ({
    [address]: url,
    client: { id, secret },
    grant,
    scope,
    audience,
    resource,
    extraParams: Object.fromEntries(extra),
    api: "https://api.acme.test"
  }) as unknown as OAuth2Auth.Options

const grantOf = (type: OAuth2Auth.Grant["type"], username: string): OAuth2Auth.Grant =>
  type === "client_credentials"
    ? { type }
    : type === "password"
      ? { type, username, password: secret }
      : { type, refreshToken: secret }

const random = ({ below, one }: ReturnType<typeof dice>): Given => {
  const some = <A>(of: ReadonlyArray<A>) => Array.from({ length: below(3) }, () => one(of))
  return {
    address: one(["tokenEndpoint", "issuer"]),
    url: one(["https://a.test/token", "https://b.test/token", "https://a.test/"]),
    id: one(texts),
    grant: grantOf(one(["client_credentials", "password", "refresh_token"]), one(texts)),
    scope: some(scopes),
    audience: one([undefined, ...texts]),
    resource: some(uris),
    extra: [...new Map(some(texts).map((name) => [name, one(texts)]))]
  }
}

type Change = (given: Given, roll: ReturnType<typeof dice>) => Given

/** Each makes of an account another one, which must not see the first one's tokens. */
const changes: Readonly<Record<string, Change>> = {
  "one scope more": (given, { one }) => ({ ...given, scope: [...given.scope, one(scopes)] }),
  "other scopes": (given) => ({ ...given, scope: [...given.scope.map((each) => `${each}x`), "x"] }),
  "another audience": (given) => ({ ...given, audience: `${given.audience ?? ""}x` }),
  "one resource more": (given, { one }) => ({ ...given, resource: [...given.resource, one(uris)] }),
  "two resources joined": (given) => ({ ...given, resource: [`urn:${[...given.resource, "x"].join(",")}`] }),
  "a resource for an audience": ({ audience, resource, ...given }) => ({
    ...given,
    audience: `urn:${resource.join(" ")}x`,
    resource: audience === undefined ? [] : [`urn:${audience}`]
  }),
  "one parameter more": (given, { one }) => ({
    ...given,
    extra: [...given.extra, [`${given.extra.length}x`, one(texts)]]
  }),
  "a parameter's other value": ({ extra, ...given }) => ({
    ...given,
    extra: extra.length === 0 ? [["x", "x"]] : extra.map(([name, value]) => [name, `${value}x`] as const)
  }),
  "another client": (given) => ({ ...given, id: `${given.id}x` }),
  "another grant": (given) => ({
    ...given,
    grant: grantOf(given.grant.type === "client_credentials" ? "refresh_token" : "client_credentials", "")
  }),
  "another user": (given) => ({
    ...given,
    grant: grantOf("password", given.grant.type === "password" ? `${given.grant.username}x` : "x")
  }),
  "another server": (given) => ({ ...given, url: `${given.url}x` }),
  "an issuer at the same address": (given) => ({
    ...given,
    address: given.address === "issuer" ? "tokenEndpoint" : "issuer"
  })
}

const key = (given: Given) =>
  Effect.map(Options.check(options(given)), (checked) => JSON.stringify(Account.account(checked)))

describe("A17: different scopes, audiences, resources or parameters", () => {
  it.effect("never share a name: 100,000 pairs, 0 shared", () =>
    Effect.gen(function* () {
      const roll = dice(17)
      const names = Object.keys(changes)
      const shared: Array<unknown> = []
      for (let pair = 0; pair < 100_000; pair++) {
        const given = random(roll)
        const name = names[pair % names.length]!
        const other = changes[name]!(given, roll)
        if ((yield* key(given)) === (yield* key(other))) shared.push([name, given, other])
      }
      assert.deepStrictEqual(shared, [])
    })
  )

  it.effect("any two accounts with one name ask for the same, word by word", () =>
    Effect.gen(function* () {
      const roll = dice(71)
      const seen = new Map<string, string>()
      for (let each = 0; each < 50_000; each++) {
        const given = random(roll)
        const { grant, extra } = given
        // Said again by other means than the name is: what is sent, and where to.
        const sent = new URLSearchParams()
        sent.append("to", `${given.address} ${given.url}`)
        for (const [name, value] of extra.toSorted((a, b) => (a[0] < b[0] ? -1 : 1)))
          sent.append(`extra ${name}`, value)
        for (const one of given.resource) sent.append("resource", one)
        if (given.audience !== undefined) sent.append("audience", given.audience)
        if (given.scope.length > 0) sent.append("scope", given.scope.join(" "))
        sent.append("client", given.id)
        sent.append(grant.type, grant.type === "password" ? grant.username : "")
        const name = yield* key(given)
        assert.strictEqual(seen.get(name) ?? sent.toString(), sent.toString())
        seen.set(name, sent.toString())
      }
    })
  )

  it.effect("never share a flight, a session or a token: 500 pairs at once on one store", () =>
    Effect.gen(function* () {
      const roll = dice(7)
      const sent: Array<string> = []
      const client = HttpClient.make((request) =>
        Effect.suspend(() => {
          const count = sent.push(request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "")
          const answer = { access_token: `token-${count}`, token_type: "bearer", expires_in: 60 }
          return Effect.as(Effect.yieldNow, HttpClientResponse.fromWeb(request, Response.json(answer)))
        })
      )
      const store = yield* TokenStore.makeMemory
      const names = ["one scope more", "another audience", "one resource more", "one parameter more"]
      for (let pair = 0; pair < 500; pair++) {
        const given = { ...random(roll), address: "tokenEndpoint", grant: grantOf("client_credentials", "") } as const
        // Each pair is alone on the store, whatever came before.
        const first = { ...given, id: `${given.id}${pair}` }
        const second = changes[names[pair % names.length]!]!(first, roll)
        const before = sent.length
        const tokens = yield* Effect.forEach([first, second], (each) => OAuth2Auth.make(options(each))).pipe(
          Effect.flatMap((services) =>
            Effect.all(
              [...services, ...services].map(({ token }) => token),
              { concurrency: "unbounded" }
            )
          ),
          Effect.scoped,
          Effect.provideService(HttpClient.HttpClient, client),
          Effect.provideService(TokenStore.TokenStore, store)
        )
        const values = tokens.map(({ value }) => Redacted.value(value))
        assert.strictEqual(values[0], values[2])
        assert.strictEqual(values[1], values[3])
        assert.notStrictEqual(values[0], values[1])
        assert.strictEqual(sent.length - before, 2)
      }
    })
  )
})

describe("the same account", () => {
  it.effect("has one name, whatever order its parameters are written in, whatever its secrets and its API are", () =>
    Effect.gen(function* () {
      const given = {
        ...random(dice(1)),
        extra: [
          ["a", "1"],
          ["b", "2"]
        ] as const
      }
      const again = { ...given, extra: given.extra.toReversed() }
      assert.strictEqual(yield* key(given), yield* key(again))
      const other = {
        ...options(given),
        api: "https://other.test",
        client: { id: given.id, secret: Redacted.make("t") }
      }
      const checked = yield* Options.check(other as OAuth2Auth.Options)
      assert.strictEqual(yield* key(given), JSON.stringify(Account.account(checked)))
    })
  )

  it.effect("has no secret in its name", () =>
    Effect.gen(function* () {
      const canary = Redacted.make("canary")
      for (const grant of [
        { type: "password", username: "user", password: canary },
        { type: "refresh_token", refreshToken: canary }
      ] as const) {
        const given = { ...options(random(dice(2))), grant, client: { id: "c", secret: canary } } as OAuth2Auth.Options
        assert.notInclude(JSON.stringify(Account.account(yield* Options.check(given))), "canary")
      }
    })
  )
})
