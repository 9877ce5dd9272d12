/**
 * The one error of every vendor: who said it, and one of a closed set of reasons.
 *
 * Decided here: the reasons, which of them are final, and the sentence a person reads. A reason holds statuses, words
 * from an allow-list and field names; never a body, a description or a value. Not here: which answer of a vendor
 * becomes which reason (`TokenEndpoint`, `OAuth2`, the vendors), and what a reason does to the state
 * (`TokenLifecycle`).
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

const id = (tag: string) => `@vendor-auth/core/AuthError/${tag}`

/**
 * The vendor refused a login. Final: nothing is sent again with these credentials. `status` is the answer's HTTP
 * status, `code` its error word if that is a known one, `hint` another option that may be at fault.
 */
export class InvalidCredentials extends Schema.TaggedError<InvalidCredentials>(id("InvalidCredentials"))(
  "InvalidCredentials",
  {
    status: Schema.optionalKey(Schema.Int),
    code: Schema.optionalKey(Schema.String),
    hint: Schema.optionalKey(Schema.String)
  }
) {
  override get message(): string {
    return (
      `the login was refused${answered(this)}: correct the credentials${also(this.hint)}. ` +
      "It is not sent again until `signOut`, or a layer with other credentials"
    )
  }
}

/** The session is over and no credential is at hand to begin another one. Final. */
export class ReauthenticationRequired extends Schema.TaggedError<ReauthenticationRequired>(
  id("ReauthenticationRequired")
)("ReauthenticationRequired", {}) {
  override get message(): string {
    return "the session is over and no credentials are configured to begin a new one: a person has to sign in again"
  }
}

/**
 * The vendor asked for a pause (429, or 503 with `Retry-After`): `retryAfter` long, where it said how long. The default
 * retry schedule keeps it, up to an hour.
 */
export class Throttled extends Schema.TaggedError<Throttled>(id("Throttled"))("Throttled", {
  retryAfter: Schema.optionalKey(Schema.Duration)
}) {
  override get message(): string {
    const pause = this.retryAfter === undefined ? "" : ` for ${Duration.format(this.retryAfter)}`
    return `the token endpoint asked for a pause${pause}`
  }
}

/**
 * No usable answer: `NotSent` (the request did not leave), `Unknown` (it may have been carried out) or `Answered` (a
 * complete 5xx). `status` is the HTTP status, where an answer came that far. It is retried.
 */
export class Unreachable extends Schema.TaggedError<Unreachable>(id("Unreachable"))("Unreachable", {
  outcome: Schema.Literals(["NotSent", "Unknown", "Answered"]),
  status: Schema.optionalKey(Schema.Int)
}) {
  override get message(): string {
    switch (this.outcome) {
      case "NotSent":
        return "the token endpoint could not be reached; nothing was sent"
      case "Unknown":
        return `the exchange got no complete answer${answered(this)}; whether it was carried out is unknown`
      case "Answered":
        return `the token endpoint failed${answered(this)}`
    }
  }
}

/**
 * The vendor answered another 4xx (`status`): a wrong path or version, or not allowed. `code` is its error word if that
 * is a known one, `hint` an option to check beside the base URL. It is retried, since a vendor may mend it.
 */
export class RequestRefused extends Schema.TaggedError<RequestRefused>(id("RequestRefused"))("RequestRefused", {
  status: Schema.Int,
  code: Schema.optionalKey(Schema.String),
  hint: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `the token endpoint refused the request${answered(this)}: check the base URL${also(this.hint)}`
  }
}

/** The answer is no token answer. `paths` names the fields, never their values. It is retried. */
export class MalformedResponse extends Schema.TaggedError<MalformedResponse>(id("MalformedResponse"))(
  "MalformedResponse",
  { paths: Schema.Array(Schema.String) }
) {
  override get message(): string {
    return `the answer is not a token answer: ${this.paths.join(", ")}`
  }
}

/**
 * A refresh token that may be used once was spent on an exchange whose outcome nobody knows, and there is no other
 * way in. Final until signed out.
 */
export class UnresolvedExchange extends Schema.TaggedError<UnresolvedExchange>(id("UnresolvedExchange"))(
  "UnresolvedExchange",
  {}
) {
  override get message(): string {
    return (
      "a refresh token that may be used once was sent and no answer came back: sign out and begin a new session, " +
      'or configure credentials, or set `policy.onUnresolved` to "presentAgain"'
    )
  }
}

/**
 * The session store is down (`Unavailable`), or it holds what cannot be read (`Corrupt`), not be decrypted
 * (`Undecryptable`) or was written by a newer version of the library (`NewerVersion`); such a record is left as it is.
 * A token in memory is served while it lives. `hint` says more, and never a value.
 */
export class StoreFailure extends Schema.TaggedError<StoreFailure>(id("StoreFailure"))("StoreFailure", {
  problem: Schema.Literals(["Unavailable", "Corrupt", "Undecryptable", "NewerVersion"]),
  hint: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const hint = this.hint === undefined ? "" : `: ${this.hint}`
    return `the session store failed (${this.problem}${hint}); nothing was sent to the vendor without its record`
  }
}

/** An option cannot be used. Found when the layer is built. `problem` says why `field` cannot, never its value. */
export class InvalidOptions extends Schema.TaggedError<InvalidOptions>(id("InvalidOptions"))("InvalidOptions", {
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `option ${this.field} ${this.problem}`
  }
}

/**
 * An address would send secrets in the clear or hide where they go. Found when the layer is built; or, before anything
 * leaves, that the app's own client turns token requests to another origin.
 */
export class InsecureEndpoint extends Schema.TaggedError<InsecureEndpoint>(id("InsecureEndpoint"))("InsecureEndpoint", {
  field: Schema.String,
  problem: Schema.String
}) {
  override get message(): string {
    return `option ${this.field} ${this.problem}`
  }
}

/**
 * One of many accounts cannot be had: its options could not be looked up (`Lookup`; `failure` is what the lookup failed
 * with, if it did and did not just take too long), or the layer's `capacity` is used up by accounts that are busy or
 * must not be forgotten (`Full`). Nothing was sent for it. The next call looks again.
 */
export class AccountUnavailable extends Schema.TaggedError<AccountUnavailable>(id("AccountUnavailable"))(
  "AccountUnavailable",
  { problem: Schema.Literals(["Lookup", "Full"]), failure: Schema.optionalKey(Schema.Redacted(Schema.Unknown)) }
) {
  override get message(): string {
    return this.problem === "Lookup"
      ? "the account's options could not be looked up: see `failure`, which is redacted"
      : "all accounts that the layer has room for are in use: raise `capacity`"
  }
}

const reasons = [
  InvalidCredentials,
  ReauthenticationRequired,
  Throttled,
  Unreachable,
  RequestRefused,
  MalformedResponse,
  UnresolvedExchange,
  StoreFailure,
  InvalidOptions,
  InsecureEndpoint,
  AccountUnavailable
] as const

/** Every reason an `AuthError` can have. */
export type Reason = InstanceType<(typeof reasons)[number]>

const final: ReadonlySet<Reason["_tag"]> = new Set<Reason["_tag"]>([
  "InvalidCredentials",
  "ReauthenticationRequired",
  "UnresolvedExchange",
  "InvalidOptions",
  "InsecureEndpoint"
])

/**
 * The failure of every vendor's layer. Recover one reason with
 * `Effect.catchReason("AuthError", "InvalidCredentials", ...)`, several with `Effect.catchReasons`.
 */
export class AuthError extends Schema.TaggedError<AuthError>("@vendor-auth/core/AuthError")("AuthError", {
  vendor: Schema.String,
  reason: Schema.Union(reasons)
}) {
  override get message(): string {
    return `${this.vendor}: ${this.reason.message}`
  }
  /** Whether time alone cannot heal it: a person or another configuration has to. */
  get isFinal(): boolean {
    return final.has(this.reason._tag)
  }
}

const answered = (reason: { readonly status?: number; readonly code?: string }): string => {
  const said = [reason.status, reason.code].filter((part) => part !== undefined).join(" ")
  return said === "" ? "" : ` (${said})`
}

const also = (hint: string | undefined): string => (hint === undefined ? "" : `, ${hint}`)
