/**
 * What a vendor suffers from is told in a sentence that names it and says what is being done.
 */
import { assert, describe, it } from "@effect/vitest"
import { AuthError, type TokenLifecycle } from "@vendor-auth/core"
import { DateTime, Duration, Option } from "effect"
import * as Trouble from "../../src/serve/Trouble.ts"

const fresh: TokenLifecycle.AuthStatus = { _tag: "Fresh", generation: 1, expiresAt: Option.none() }
const well: Trouble.Standing = {
  name: "Acme",
  status: fresh,
  isServed: true,
  failure: undefined,
  flyingFor: undefined,
  took: 20,
  isRejected: false
}
const since = DateTime.makeUnsafe(0)
const error = (reason: AuthError.Reason) => new AuthError.AuthError({ vendor: "Acme", reason })
const backingOff = (reason: AuthError.Reason): Trouble.Standing => ({
  ...well,
  isServed: false,
  status: { _tag: "BackingOff", error: error(reason), since, retryAt: since }
})
const down = new AuthError.Unreachable({ outcome: "Answered", status: 503 })

const table: ReadonlyArray<readonly [string, Trouble.Standing, kind: string, what: RegExp, doing: RegExp]> = [
  [
    "an outage while a good token is at hand",
    { ...well, failure: { kind: "refresh", outcome: "Answered", reason: down } },
    "outage",
    /^Acme's token endpoint is down \(503\)\.$/,
    /tried again .* The good token is served meanwhile/
  ],
  ["an outage without a token", backingOff(down), "outage", /^Acme/, /Callers are told at once, and nothing is sent/],
  [
    "a network that is gone",
    backingOff(new AuthError.Unreachable({ outcome: "NotSent" })),
    "outage",
    /^Acme's token endpoint cannot be reached/,
    /tried again/
  ],
  [
    "a pause that the vendor asks for",
    backingOff(new AuthError.Throttled({ retryAfter: Duration.seconds(8) })),
    "throttled",
    /^Acme asks for a pause of 8s/,
    /No request goes out before it is over/
  ],
  [
    "a lost answer that may be tried again",
    backingOff(new AuthError.Unreachable({ outcome: "Unknown" })),
    "unresolved",
    /^Acme was sent an exchange, and no answer came back/,
    /never sent twice/
  ],
  [
    "a token for one use that was spent on an unknown outcome",
    { ...well, status: { _tag: "Unresolved", error: error(new AuthError.UnresolvedExchange()), since } },
    "unresolved",
    /^Acme was sent a refresh token that may be used once/,
    /not sent again.*The good token is served meanwhile.*Sign in again/
  ],
  [
    "a refused login",
    {
      ...well,
      isServed: false,
      status: { _tag: "Refused", error: error(new AuthError.InvalidCredentials({})), since }
    },
    "refused",
    /^Acme refused the login/,
    /sent once and is not sent again.*sign out/
  ],
  [
    "a refused login that a good token hides from the status",
    { ...well, failure: { kind: "login", outcome: "Refused", reason: new AuthError.InvalidCredentials({}) } },
    "refused",
    /^Acme refused the login/,
    /The good token is served until it expires/
  ],
  [
    "a session that is over",
    { ...well, failure: { kind: "refresh", outcome: "Refused", reason: new AuthError.ReauthenticationRequired() } },
    "refused",
    /^Acme's session is over/,
    /until a person signs in again/
  ],
  ["a slow exchange on its way", { ...well, flyingFor: 1_000 }, "slow", /^Acme's token endpoint takes/, /do not wait/],
  [
    "a slow exchange that callers wait for",
    { ...well, isServed: false, flyingFor: 2_000 },
    "slow",
    /^Acme/,
    /wait for one and the same exchange/
  ],
  [
    "an API that refuses new tokens too",
    { ...well, isRejected: true },
    "rejected",
    /^Acme's API answers 401/,
    /none is asked for, for a minute/
  ],
  [
    "an answer that is no token answer",
    backingOff(new AuthError.MalformedResponse({ paths: ["access_token"] })),
    "malformed",
    /^Acme's token endpoint answers what is no token answer/,
    /Check the configured address/
  ]
]

describe("what a vendor suffers from", () => {
  it.each(table)("%s is told with what is being done about it", (_, standing, kind, what, doing) => {
    const trouble = Trouble.of(standing)!
    assert.strictEqual(trouble.kind, kind)
    assert.match(trouble.what, what)
    assert.match(trouble.doing, doing)
  })

  it("nothing is told where all is well, nor of an exchange that is just on its way", () => {
    assert.isUndefined(Trouble.of(well))
    assert.isUndefined(Trouble.of({ ...well, flyingFor: 999 }))
  })

  it("nothing is told of a refused refresh while the login that follows it is on its way", () => {
    const failure = { kind: "refresh", outcome: "Refused", reason: new AuthError.ReauthenticationRequired() } as const
    assert.isUndefined(Trouble.of({ ...well, failure, flyingFor: 10 }))
  })

  it("only what a person has to heal names a cure", () => {
    const cures = table.map(([, standing]) => Trouble.of(standing)!).map(({ cure, kind }) => `${kind}: ${cure}`)
    assert.sameMembers(
      [...new Set(cures.filter((cure) => !cure.endsWith("undefined")))],
      ["refused: signOut", "refused: signIn", "unresolved: signIn"]
    )
  })
})
