/**
 * A scripted issuer: what `TestAuth` has in the place of a vendor's token endpoint.
 *
 * Decided here: what it gives, how its failures queue up, and what is known of a failed exchange's outcome. Not here:
 * what runs it (core's real machine), and how a spec reaches it (`TestAuth`, `TestAuthMany`).
 */
import type * as AuthError from "@vendor-auth/core/AuthError"
import type { Shape } from "@vendor-auth/core/AuthService"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** One account's issuer, and what is known of it. */
export interface Script {
  readonly issuer: Issuer.Issuer
  /** The exchanges made so far, in order. */
  readonly exchanges: Array<"login" | "refresh">
  /** What the next exchanges fail with. */
  readonly failures: Array<AuthError.Reason>
  readonly issued: { current: Redacted.Redacted<string> | undefined }
}

/** An issuer that was asked for nothing yet. `owner` is said by its tokens. */
export const make = (options: {
  readonly vendor: string
  readonly owner: string | undefined
  readonly api: string | undefined
  readonly life: Duration.Input | undefined
}): Script => {
  const exchanges: Script["exchanges"] = []
  const failures: Script["failures"] = []
  const issued: Script["issued"] = { current: undefined }
  const life = Duration.toMillis(options.life ?? "1 hour")
  const exchange = (kind: "login" | "refresh") =>
    Effect.suspend((): Issuer.Exchange => {
      exchanges.push(kind)
      const reason = failures[0]
      if (reason === undefined) {
        const given = issue(options.owner, exchanges.length, life)
        issued.current = given.accessToken
        return Effect.succeed(given)
      }
      // A refused login is said to a login: to a refresh, the session is over first.
      const isLoginRefused = kind === "refresh" && reason._tag === "InvalidCredentials"
      if (!isLoginRefused) failures.shift()
      return Effect.fail(new Issuer.ExchangeFailure({ outcome: outcome(reason), reason }))
    })
  const issuer: Issuer.Issuer = {
    vendor: options.vendor,
    api: options.api ?? "https://api.test",
    account: [],
    refreshTokenUse: "many",
    login: { exchange: exchange("login"), secrets: [] },
    refresh: () => exchange("refresh")
  }
  return { issuer, exchanges, failures, issued }
}

/** The API refuses the current token. Without one nothing happens. */
export const reject = ({ issued }: Script, service: Pick<Shape, "invalidate" | "status">): Effect.Effect<void> =>
  Effect.flatMap(service.status, (status) =>
    issued.current === undefined || !("generation" in status)
      ? Effect.void
      : service.invalidate({
          value: issued.current,
          generation: status.generation,
          issuedAt: DateTime.makeUnsafe(0),
          expiresAt: Option.none()
        })
  )

const issue = (owner: string | undefined, count: number, accessLife: number): Issuer.TokenSet => {
  const name = owner === undefined ? count : `${owner}-${count}`
  return {
    accessToken: Redacted.make(`test-token-${name}`),
    accessLife,
    refreshToken: Redacted.make(`test-refresh-token-${name}`),
    refreshLife: undefined,
    details: null
  }
}

const outcome = (reason: AuthError.Reason): Issuer.ExchangeFailure["outcome"] => {
  switch (reason._tag) {
    case "InvalidCredentials":
    case "ReauthenticationRequired":
      return "Refused"
    case "Unreachable":
      return reason.outcome
    case "MalformedResponse":
      return "Unknown"
    default:
      return "Answered"
  }
}
