// A hundred thousand random token answers, a million at night: whatever a token endpoint says, an exchange ends in a
// token that stands in the answer or in a typed failure that holds nothing of it, and costs no request too many.
//
// Each answer is given to an exchange of its vendor, by turns a login and a refresh; each twentieth also to the whole
// service, where what follows from it costs most of the time. FUZZ_SEED chooses other ones, FUZZ_RUNS how many. One that
// fails is printed with its seed and number; FUZZ_SEED=<seed> FUZZ_ONLY=<number> repeats it.
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as RefreshPolicy from "@vendor-auth/core/RefreshPolicy"
import type * as TokenEngine from "@vendor-auth/core/TokenEngine"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { vi } from "vitest"
import { contents, dice } from "./Grammar.ts"
import { print, reaches } from "./Outputs.ts"
import { type Contents, json, mark, members, password, quick, serve, type Vendor, vendors } from "./Vendors.ts"

/** What each vendor hands to the machine: its exchanges, as its layer makes them. */
const issuers = vi.hoisted((): Array<Issuer.Issuer> => [])
vi.mock("@vendor-auth/core/TokenEngine", async (original) => {
  const module = await original<typeof TokenEngine>()
  const make: typeof TokenEngine.make = (issuer, options) => {
    issuers.push(issuer)
    return module.make(issuer, options)
  }
  return { ...module, make }
})

const runs = Number(process.env["FUZZ_RUNS"] ?? (process.env["NIGHTLY"] ? 1_000_000 : 100_000))
const seed = Number(process.env["FUZZ_SEED"] ?? 1)
const only = process.env["FUZZ_ONLY"]
/** Milliseconds that one exchange may take at most: far more than any needs, far less than one that hangs. */
const longest = 5_000

/** What any reader of JSON would take for the access token. */
const tokenIn = ({ body }: Contents, vendor: Vendor): unknown => {
  const given = JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body)) as Record<string, unknown>
  const own = (name: string) => (Object.hasOwn(given, name) ? given[name] : undefined)
  return vendor.name === "ItemPath"
    ? (own("accessToken") ?? own("access_token") ?? own("token"))
    : own(vendor.fields.access)
}

const secrets = [mark, password]
const holds = (text: string): boolean => secrets.some((secret) => text.includes(secret))

const logged = { line: undefined as string | undefined }
const logger = Logger.make(({ cause, message }) => {
  const line = `${String(message)} ${cause.reasons.length === 0 ? "" : Cause.pretty(cause)}`
  if (holds(line)) logged.line ??= line
})

const fuzz = Effect.gen(function* () {
  const counts: Record<string, number> = {}
  let slowest = 0
  const services = yield* Effect.forEach(vendors, (vendor) => serve(vendor, { refresh: RefreshPolicy.onDemand }, quick))
  assert.strictEqual(issuers.length, vendors.length)

  /** A login that is taken: the password is proven, so that a failed one may be repeated. */
  const begin = Effect.fnUntraced(function* (which: number) {
    const { auth, wire } = services[which]!
    wire.answer = { body: json(members(vendors[which]!)) }
    yield* auth.token
  })
  yield* Effect.forEach(vendors, (_, which) => begin(which))

  const one = Effect.fnUntraced(function* (n: number) {
    const which = n % vendors.length
    const [vendor, { auth, wire }] = [vendors[which]!, services[which]!]
    const said = contents(dice(seed * 1e9 + n), vendor)
    const fail = (why: string) =>
      assert.fail(
        `${why}: FUZZ_SEED=${seed} FUZZ_ONLY=${n}, ${vendor.name}, ${said.status} ` +
          JSON.stringify(Buffer.from(said.body).toString("latin1"))
      )

    /** What holds for every end, of an exchange and of the whole. */
    const watch = Effect.fnUntraced(function* <A, E>(effect: Effect.Effect<A, E>, most: number) {
      wire.answer = said
      wire.sent.length = 0
      const began = performance.now()
      const exit = yield* Effect.exit(effect)
      const took = performance.now() - began
      slowest = Math.max(slowest, took)
      if (took > longest) fail(`it took ${Math.round(took)} ms`)
      if (logged.line !== undefined) fail(`a log line holds it: ${logged.line}`)
      if (wire.sent.length < 1 || wire.sent.length > most) fail(`${wire.sent.length} requests`)
      if (Exit.isSuccess(exit)) return exit
      const error = Option.getOrUndefined(Exit.findErrorOption(exit))
      if (exit.cause.reasons.length !== 1 || error === undefined) fail(`a defect: ${Cause.pretty(exit.cause)}`)
      const count = (counts["failures"] = (counts["failures"] ?? 0) + 1)
      // All that can be reached is searched at each; what costs a hundred times as much is printed for some.
      const texts = error instanceof Error ? [error.message, error.stack] : []
      if (secrets.some((secret) => reaches([exit, texts], secret))) fail("the failure holds it")
      if (count % 500 === 1 && holds(print(exit))) fail("a printed failure holds it")
      return exit
    })

    const see = (token: string) => {
      if (!/^[\x21-\x7e]{1,16384}$/.test(token) || token !== tokenIn(said, vendor))
        fail("the token is not the answer's")
    }

    const issuer = issuers[which]!
    const isLogin = n % 2 === 0
    const exchanged = yield* watch(isLogin ? issuer.login!.exchange : issuer.refresh(Redacted.make("spent")), 1)
    if (Exit.isSuccess(exchanged)) {
      counts["token"] = (counts["token"] ?? 0) + 1
      const { accessLife, accessToken, refreshToken } = exchanged.value
      see(Redacted.value(accessToken))
      if (!(accessLife >= 1_000 && accessLife <= 365 * 86_400_000)) fail(`a life of ${accessLife} ms`)
      if (refreshToken !== undefined && !/^[\x21-\x7e]+$/.test(Redacted.value(refreshToken))) fail("no refresh token")
    } else {
      const failure = Option.getOrUndefined(Exit.findErrorOption(exchanged))
      if (!(failure instanceof Issuer.ExchangeFailure)) return fail("it is no typed failure")
      counts[failure.reason._tag] = (counts[failure.reason._tag] ?? 0) + 1
      if (failure.outcome === "NotSent") fail("it was sent")
    }

    if (n % 20 >= 1 && only === undefined) return
    const served = yield* watch(auth.refresh, 2)
    if (Exit.isSuccess(served)) {
      see(Redacted.value(served.value.value))
      if (Option.isNone(served.value.expiresAt)) fail("the token never expires")
      return
    }
    const error = Option.getOrUndefined(Exit.findErrorOption(served))
    if (!(error instanceof AuthError.AuthError)) return fail("it is no typed error")
    const sent = wire.sent.length
    yield* Effect.exit(auth.token)
    if (wire.sent.length > sent) fail("it was sent again at once")
    if (!error.isFinal) return
    yield* auth.signOut
    yield* begin(which)
  })

  const began = performance.now()
  for (let n = 0; n < runs; n++) {
    if (only === undefined || Number(only) === n) yield* one(n)
  }
  const rate = Math.round(runs / ((performance.now() - began) / 1_000))
  process.stdout.write(
    `fuzz: seed ${seed}, ${rate} answers a second, the slowest ${Math.round(slowest)} ms, ${JSON.stringify(counts)}\n`
  )
  if (only !== undefined || runs < 10_000) return
  // The answers are neither all good nor all bad.
  for (const tag of ["MalformedResponse", "InvalidCredentials", "RequestRefused", "Throttled", "Unreachable"]) {
    assert.isAbove(counts[tag] ?? 0, runs / 1_000, tag)
  }
  assert.isAbove(counts["token"]!, runs / 20)
}).pipe(Effect.provideService(References.MinimumLogLevel, "All"), Effect.provide(Logger.layer([logger])))

describe("C: whatever a token endpoint says", () => {
  it.live(
    `${runs} random answers: no defect, no hang, nothing of the answer in an output, no request beyond the policy`,
    () =>
      Effect.suspend(() => {
        const { stackTraceLimit } = Error
        // Each error and span takes a stack trace, a fifth of the time.
        Error.stackTraceLimit = 0
        return Effect.ensuring(
          fuzz,
          Effect.sync(() => {
            Error.stackTraceLimit = stackTraceLimit
          })
        )
      }),
    3_600_000
  )
})
