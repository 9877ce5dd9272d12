// Every state the machine can be in, by names: what is held, how the last exchange failed, and whether a flight runs.
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AuthError from "../src/AuthError.ts"
import * as TokenLifecycle from "../src/TokenLifecycle.ts"

export const now = 1_000_000

export const error = (reason: AuthError.Reason) => new AuthError.AuthError({ vendor: "Acme", reason })

export const held = (timerAt: number, dueAt: number, expiredAt: number, generation = 7): TokenLifecycle.Held => ({
  token: {
    value: Redacted.make("access"),
    generation,
    issuedAt: DateTime.makeUnsafe(0),
    expiresAt: Option.some(DateTime.makeUnsafe(now + 910))
  },
  timerAt,
  dueAt,
  expiredAt
})

export const helds = {
  none: undefined,
  fresh: held(now + 300, now + 100, now + 900),
  due: held(now - 50, now - 100, now + 900),
  expired: held(now - 600, now - 700, now - 500),
  rejected: held(Infinity, now + 100, -Infinity)
}

export const transient = error(new AuthError.Unreachable({ outcome: "Answered" }))
export const finals = [
  new AuthError.InvalidCredentials({}),
  new AuthError.ReauthenticationRequired(),
  new AuthError.UnresolvedExchange()
].map((reason) => ({ error: error(reason), since: now - 500, retryAt: now + 400 }))

export const failures = {
  none: [undefined],
  pending: [{ error: transient, since: now - 500, retryAt: now + 400 }],
  // Its time has come at this very instant, or long ago.
  passed: [
    { error: transient, since: now - 500, retryAt: now },
    { error: transient, since: now - 500, retryAt: now - 400 }
  ],
  final: finals
}

export type HeldName = keyof typeof helds
export type FailureName = keyof typeof failures
export type Flight = "idle" | "flying"
export const heldNames = Object.keys(helds) as ReadonlyArray<HeldName>
export const failureNames = Object.keys(failures) as ReadonlyArray<FailureName>
export const flights: ReadonlyArray<Flight> = ["idle", "flying"]

/** Every state there is, by its names. */
export const states = heldNames.flatMap((heldName) =>
  failureNames.flatMap((failureName) =>
    flights.flatMap((flight) =>
      failures[failureName].map((failure) => ({
        heldName,
        failureName,
        flight,
        state: { held: helds[heldName], failure, isExchanging: flight === "flying" } satisfies TokenLifecycle.State
      }))
    )
  )
)
