// Guarantees of group B, faults on the way to a token endpoint, as far as time and counts go: one deadline, `Retry-After`,
// the pauses of an outage, what it costs, and how it ends. On the TestClock, and counted request by request.
// Not here: sockets and bytes (B2, B10, B11, and B1 and B3 on the wire, in ../wire), and what becomes of an unknown
// outcome (B3 and B4, in TransportUnknown.test.ts).
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import * as Acme from "./Acme.ts"
import { day, engine, fails, hour, minute, onDemand, patience, scoped, second, times, value, vendor } from "./Acme.ts"

/** A client of a token endpoint that answers in some way, and the instants of its requests. */
const endpoint = (answer: () => Effect.Effect<Response>) => {
  const at: Array<number> = []
  const client = HttpClient.make((request) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      at.push(now)
      return Effect.map(answer(), (response) => HttpClientResponse.fromWeb(request, response))
    })
  )
  const issuer = Effect.provideService(Acme.overHttp("https://acme.test"), HttpClient.HttpClient, client)
  return { at, issuer }
}

const good = (n: number) =>
  Response.json({ access_token: `access-${n}`, refresh_token: `refresh-${n}`, expires_in: 3_600 })

/** A body that comes in pieces, so far apart, or one that never ends. */
const body = (pieces: number, every: number) =>
  Effect.map(Effect.context<never>(), (context) => {
    let left = pieces
    return new ReadableStream<Uint8Array>({
      pull: (controller) =>
        Effect.runPromise(
          Effect.provideContext(
            Effect.delay(
              Effect.sync(() => (left-- > 0 ? controller.enqueue(new Uint8Array([32])) : controller.close())),
              every
            ),
            context
          )
        )
    })
  })

const outage: Record<string, Acme.Exchanged> = {
  "not sent": fails("NotSent"),
  "no answer": fails("Unknown"),
  "500": fails("Answered", new AuthError.Unreachable({ outcome: "Answered", status: 500 })),
  "429": fails("Answered", new AuthError.Throttled({}))
}

describe("B. Token endpoint: transport faults", () => {
  const stages: Record<string, () => Effect.Effect<Response>> = {
    "connecting or waiting for headers": () => Effect.never,
    "waiting for a body": () => Effect.map(body(Infinity, day), (stream) => new Response(stream)),
    "a dripping body": () => Effect.map(body(Infinity, second), (stream) => new Response(stream)),
    "29 s until the headers, and a body of 2 s": () =>
      Effect.delay(
        Effect.map(body(2, second), (stream) => new Response(stream)),
        29 * second
      )
  }
  for (const [title, answer] of Object.entries(stages)) {
    it.effect(
      `B1: each attempt ends by one deadline over connect, send, headers and body, 30 s by default: ${title}`,
      () =>
        Effect.gen(function* () {
          for (const timeout of [undefined, 7 * second]) {
            const { at, issuer } = endpoint(answer)
            const policy = timeout === undefined ? onDemand : { ...onDemand, timeout }
            const auth = yield* engine({ issuer: yield* issuer }, policy)
            const read = yield* Acme.fork(Effect.flip(auth.token))
            yield* TestClock.adjust((timeout ?? 30 * second) - 1)
            assert.isUndefined(read.pollUnsafe())
            yield* TestClock.adjust(1)
            const exit = read.pollUnsafe()
            assert(exit?._tag === "Success", "it goes on")
            assert.deepInclude(exit.value.reason, { _tag: "Unreachable", outcome: "Unknown" })
            assert.strictEqual(at.length, 1)
          }
        }).pipe(scoped, Acme.silent)
    )
  }

  const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  /** The three forms of an HTTP date (RFC 9110, 5.6.7). */
  const dates: ReadonlyArray<(at: Date) => string> = [
    (at) => at.toUTCString(),
    (at) => {
      const [, date, month, year, time] = at.toUTCString().split(" ")
      return `${days[at.getUTCDay()]}, ${date}-${month}-${year!.slice(2)} ${time} GMT`
    },
    (at) => {
      const [name, , month, year, time] = at.toUTCString().split(" ")
      return `${name!.slice(0, 3)} ${month} ${String(at.getUTCDate()).padStart(2)} ${time} ${year}`
    }
  ]
  const nothing = ["-5", "-0", "1.5", "1e12", "NaN", "Infinity", "0x10", "soon", "", "+3", "12s", "1 2", "١٢", "12, 30"]

  /** What the headers say, and so many milliseconds that they ask for; undefined if they say nothing. */
  const retryAfter = ({ below, one }: ReturnType<typeof Acme.dice>, now: number) => {
    const kind = below(6)
    const seconds = one([0, below(10), below(300), below(4_000), 1e9, 1e12, 2 ** 53])
    if (kind < 2) return { said: [String(seconds)], asks: seconds * second }
    if (kind < 4) {
      const at = Math.floor(now / second) * second + one([-day, -below(hour), below(2 * hour), 30 * day])
      const whole = Math.floor(at / second) * second
      return { said: [one(dates)(new Date(whole))], asks: Math.max(0, whole - now) }
    }
    if (kind === 4) return { said: [one(nothing)], asks: undefined }
    // Two headers are one list to a client, and no time.
    return { said: [String(seconds), String(below(100))], asks: undefined }
  }

  it.effect(
    "B5: Retry-After: no request before the time it asks for, at most an hour; never NaN, whatever it says",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.parse("2026-03-01T12:00:00.250Z"))
        const roll = Acme.dice(5)
        for (let n = 0; n < times(10_000); n++) {
          yield* Effect.gen(function* () {
            const now = yield* Clock.currentTimeMillis
            const { asks, said } = retryAfter(roll, now)
            const text = JSON.stringify(said)
            const isHeld = roll.below(2) === 0
            let isDown = !isHeld
            const { at, issuer } = endpoint(() =>
              Effect.sync(() => {
                if (!isDown) return good(at.length)
                const headers = new Headers()
                for (const one of said) headers.append("retry-after", /^[\x20-\x7e]*$/.test(one) ? one : "?")
                return new Response(null, { status: roll.one([429, 503]), headers })
              })
            )
            const auth = yield* engine({ issuer: yield* issuer })
            if (isHeld) yield* auth.token
            isDown = true
            at.length = 0
            yield* Effect.flip(auth.refresh)

            // By the schedule 0.8 s to 1.2 s, and never less than a second; what was asked for, up to an hour.
            const least = Math.max(second, Math.min(asks ?? 0, hour))
            const status = yield* auth.status
            if (!isHeld) {
              assert(status._tag === "BackingOff", text)
              const pause = DateTime.toEpochMillis(status.retryAt) - now
              assert.isTrue(pause >= least && pause <= Math.max(least, 1_200), `${text}: ${pause}`)
            }
            const from = yield* Clock.currentTimeMillis
            for (const part of [roll.next(), roll.next(), 1].toSorted((a, b) => a - b)) {
              const to = from + Math.floor(part * (least - 1))
              yield* TestClock.adjust(to - (yield* Clock.currentTimeMillis))
              yield* Effect.exit(auth.token)
              assert.strictEqual(at.length, 1, `${text}: asked again ${to - now} ms later`)
            }
            // The pause is over a fifth of a second later at most; a background try comes by itself.
            isDown = false
            yield* TestClock.adjust(202)
            yield* auth.token
            assert.strictEqual(at.length, 2, text)
          }).pipe(Effect.scoped)
        }
      }).pipe(Random.withSeed("pauses"), Acme.silent),
    patience
  )

  it.effect(
    "B6: without Retry-After an outage of an hour costs at most 32 token requests, at 1 call a second and at 10,000",
    () =>
      Effect.gen(function* () {
        for (const [title, answer] of Object.entries(outage)) {
          for (const hasToken of [false, true]) {
            const counts: Array<number> = []
            // All of the calls, at night, for one kind of outage.
            for (const rate of [1, times(title === "500" ? 10_000 : 1_000, title === "500" ? 250 : 25)]) {
              yield* Effect.gen(function* () {
                const acme = vendor()
                const auth = yield* engine(acme)
                if (hasToken) {
                  yield* auth.token
                  yield* TestClock.adjust(38 * minute)
                }
                acme.answer = answer
                const before = acme.sent.length
                for (let passed = 0; passed < hour; passed += second) {
                  for (let call = 0; call < rate; call++) yield* Effect.exit(auth.token)
                  yield* TestClock.adjust(second)
                }
                counts.push(acme.sent.length - before)
              }).pipe(scoped)
            }
            assert.isAtMost(Math.max(...counts), 32, `${title}, ${counts.join(" and ")}`)
            // It does go on trying, and does so as often for one caller as for many.
            assert.isAtLeast(Math.min(...counts), 5, `${title}, ${counts.join(" and ")}`)
            assert.isAtMost(Math.max(...counts) - Math.min(...counts), 3, `${title}, ${counts.join(" and ")}`)
          }
        }
      }).pipe(Random.withSeed("an hour"), Acme.silent),
    patience
  )

  it.effect("B7: an outage costs nothing while the token is good: every call succeeds at once, until it expires", () =>
    Effect.gen(function* () {
      for (const [title, answer] of Object.entries({ ...outage, "a hanging endpoint": Acme.late(day) })) {
        for (const policy of [{}, onDemand]) {
          for (const login of ["login", undefined] as const) {
            yield* Effect.gen(function* () {
              const acme = vendor()
              const seeded = { ...acme.issuer, login: undefined, refreshToken: Acme.tokens(0).refreshToken }
              const auth = yield* engine(login === undefined ? { issuer: seeded } : acme, policy)
              yield* auth.token
              yield* TestClock.adjust(hour / 2)
              acme.answer = answer
              let calls = 0
              // It is handed out until 10 s of it are left.
              for (let passed = hour / 2; passed < hour - 10 * second; passed += second) {
                const before = yield* Clock.currentTimeMillis
                assert.strictEqual(value(yield* auth.token), "access-1", title)
                assert.strictEqual(yield* Clock.currentTimeMillis, before)
                calls++
                yield* TestClock.adjust(second)
              }
              assert.strictEqual(calls, 30 * 60 - 10)
              assert.isAtLeast(acme.sent.length, 2, title)
              assert.isAtMost(acme.sent.length, 32, title)
              assert.notStrictEqual((yield* auth.status)._tag, "Fresh")
            }).pipe(scoped)
          }
        }
      }
    }).pipe(Random.withSeed("half a life"), Acme.silent)
  )

  // Each pause is 300 s at most before it is made up to a fifth longer or shorter at random.
  const longestPause = 360 * second

  it.effect(
    "B8: recovery: the first success comes one pause after the outage at the latest, at once by `refresh`; one probe at a time",
    () =>
      Effect.gen(function* () {
        const { below } = Acme.dice(8)
        for (let n = 0; n < times(100, 4); n++) {
          for (const answer of [outage["not sent"]!, outage["500"]!, outage["429"]!]) {
            yield* Effect.gen(function* () {
              let [flying, most, isDown] = [0, 0, true]
              const acme = vendor({
                answer: (given, n, what) => {
                  const outcome = isDown ? answer(given, n, what) : Effect.succeed(given)
                  most = Math.max(most, ++flying)
                  return Effect.ensuring(
                    Effect.delay(outcome, 300),
                    Effect.sync(() => flying--)
                  )
                }
              })
              const auth = yield* engine(acme)
              let isBack = false
              const call = Effect.tap(Effect.exit(auth.token), (exit) =>
                Effect.sync(() => (isBack ||= exit._tag === "Success"))
              )
              const pass = Effect.gen(function* () {
                for (let i = 0; i < 5; i++) yield* Acme.fork(call)
                yield* TestClock.adjust(second)
              })
              const lasts = below(n % 2 === 0 ? 100 : 4_000)
              for (let passed = 0; passed < lasts; passed++) yield* pass
              assert.isFalse(isBack)
              isDown = false
              const byHand = n % 5 === 0
              let waited = 0
              if (byHand) {
                for (let i = 0; i < 100; i++) yield* Acme.fork(auth.refresh)
                // One that is out already is joined, and the next one succeeds.
                yield* TestClock.adjust(300)
                if ((yield* auth.status)._tag !== "Fresh") yield* Acme.fork(auth.refresh)
                yield* TestClock.adjust(300)
                assert.strictEqual((yield* auth.status)._tag, "Fresh")
              } else {
                for (; !isBack && waited <= longestPause; waited += second) yield* pass
                assert.isTrue(isBack, `still nothing after ${waited} ms`)
                // And a short outage does not leave a long pause behind.
                assert.isAtMost(waited, Math.max(3 * lasts * second, 5 * second))
              }
              assert.strictEqual(most, 1)
            }).pipe(scoped)
          }
        }
      }).pipe(Random.withSeed("back"), Acme.silent),
    patience
  )
})
