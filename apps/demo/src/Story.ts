/**
 * What happens to one vendor's token, told as it happens: login, a call, a scheduled refresh, a revoked token healed by
 * one 401, an outage survived with the good token, a wrong password refused once.
 *
 * Decided here: the chapters, and that each is checked: a story that does not come true fails the demo. Not here: which
 * vendors there are (`Vendors`), how a line looks (`Narrator`).
 */
import type { TokenLifecycle } from "@vendor-auth/core"
import * as Simulator from "@vendor-auth/testing/Simulator"
import { Data, DateTime, Effect, Option, Stream } from "effect"
import { Narrator } from "./Narrator.ts"
import type { Simulated, Vendor } from "./Vendors.ts"

/** A chapter did not come true. */
export class NotAsTold extends Data.TaggedError("NotAsTold")<{ readonly message: string }> {}

/** What a vendor's story cost, for the summary. */
export interface Summary {
  readonly name: string
  readonly calls: number
  readonly logins: number
  readonly refreshes: number
  readonly failures: number
  readonly refusedLogins: number
}

/** Tells one vendor's story, in about ten seconds. */
export const tell = Effect.fnUntraced(function* <Self>(vendor: Vendor<Self>, simulated: Simulated<Self>) {
  const narrator = yield* Narrator
  const auth = yield* vendor.tag
  const client = yield* vendor.httpClient
  const { simulator } = simulated
  const say = (tone: "good" | "trouble" | "plain", what: string) => narrator.say(vendor.name, tone, what)
  const check = (isTrue: boolean, what: string) =>
    isTrue ? Effect.void : Effect.fail(new NotAsTold({ message: `${vendor.name}: ${what}` }))
  const call = Effect.map(client.get(vendor.path), ({ status }) => status)
  const until = (matches: (status: TokenLifecycle.AuthStatus) => boolean) =>
    Stream.runHead(Stream.filter(auth.changes, matches))

  const first = yield* auth.token
  yield* say("good", `logged in; token 1 is good for ${life(first)} s`)
  yield* say("good", `GET ${vendor.path} -> ${yield* call}`)

  yield* until((status) => status._tag === "Fresh" && status.generation === 2)
  yield* say("good", "refreshed by the schedule before it expired, with no caller asking: token 2")

  yield* simulator.revokeAccessTokens
  yield* say("trouble", "the vendor revokes token 2")
  const before = yield* simulator.count("refresh")
  const statuses = yield* Effect.all([call, call, call], { concurrency: "unbounded" })
  const healed = (yield* simulator.count("refresh")) - before
  yield* check(healed === 1 && statuses.every((status) => status === 200), "three calls should heal with one refresh")
  yield* say("good", `three calls at once met a 401: ${healed} refresh, each repeated once -> ${statuses.join(" ")}`)

  yield* simulator.outage(Simulator.answer(503))
  yield* say("trouble", "the token endpoint is down (503)")
  yield* until((status) => status._tag === "Due" && Option.isSome(status.error))
  yield* say("good", `a refresh failed; the good token is served meanwhile: GET ${vendor.path} -> ${yield* call}`)
  yield* simulator.outage(undefined)
  yield* until((status) => status._tag === "Fresh" && status.generation === 4)
  yield* say("good", "the endpoint is back; refreshed by the retry schedule: token 4")

  const failures = yield* Effect.gen(function* () {
    const wrong = yield* vendor.tag
    return yield* Effect.all([Effect.flip(wrong.token), Effect.flip(wrong.token), Effect.flip(wrong.token)], {
      concurrency: "unbounded"
    })
  }).pipe(Effect.provide(simulated.layerWrongPassword, { local: true }))
  const seen = (yield* simulator.seen).filter(({ kind }) => kind === "login" || kind === "refresh")
  const refusedLogins = seen.filter(({ kind, status }) => kind === "login" && status !== 200).length
  yield* check(refusedLogins === 1, "a wrong password should be sent once")
  yield* say(
    "trouble",
    `a wrong password: three callers, ${refusedLogins} request, then ${failures[0].reason._tag} at once`
  )

  yield* check((yield* simulator.violations).length === 0, "the vendor's protocol was violated")
  return {
    name: vendor.name,
    calls: (yield* simulator.seen).filter(({ kind, status }) => kind === "api" && status === 200).length,
    logins: seen.filter(({ kind, status }) => kind === "login" && status === 200).length,
    refreshes: seen.filter(({ kind, status }) => kind === "refresh" && status === 200).length,
    failures: seen.filter(({ status }) => status !== undefined && status >= 500).length,
    refusedLogins
  } satisfies Summary
})

const life = ({
  expiresAt,
  issuedAt
}: {
  readonly expiresAt: Option.Option<DateTime.Utc>
  readonly issuedAt: DateTime.Utc
}) =>
  Option.match(expiresAt, {
    onNone: () => Infinity,
    onSome: (at) => (DateTime.toEpochMillis(at) - DateTime.toEpochMillis(issuedAt)) / 1_000
  })

/** The rows of the summary table. */
export const rows = (summaries: ReadonlyArray<Summary>): ReadonlyArray<ReadonlyArray<string>> => [
  ["vendor", "API calls answered", "logins", "refreshes", "outage answers", "wrong passwords sent"],
  ...summaries.map(({ calls, failures, logins, name, refreshes, refusedLogins }) =>
    [name, calls, logins, refreshes, failures, refusedLogins].map(String)
  )
]
