/**
 * The demo against the live vendors: what is configured in the environment, and nothing that could harm an account.
 *
 * Decided here: that a vendor with nothing set is left out and says so, that one with something missing says what, and
 * which harmless steps are shown. Not here: which variables a vendor reads (its `config`).
 */
import type { AuthError } from "@vendor-auth/core"
import type { Config } from "effect"
import { DateTime, Effect, Option } from "effect"
import type { HttpClientError } from "effect/http"
import { Narrator } from "./Narrator.ts"
import type { Vendor } from "./Vendors.ts"

/** Whether a vendor was shown, was left out, or failed. */
export type Outcome = "shown" | "left out" | "failed"

/** Whether anything is set for a vendor. */
export const isConfigured = <Self>(vendor: Vendor<Self>, environment: ReadonlySet<string>): boolean =>
  [...environment].some((name) => name.startsWith(vendor.prefix))

/** Logs in, makes one call that only reads, and says when the next refresh is due. */
export const tell = Effect.fnUntraced(function* <Self>(vendor: Vendor<Self>, environment: ReadonlySet<string>) {
  const narrator = yield* Narrator
  const say = (tone: "good" | "trouble" | "plain", what: string) => narrator.say(vendor.name, tone, what)
  if (!isConfigured(vendor, environment)) {
    yield* say("plain", `left out: nothing begins with ${vendor.prefix} in the environment or in .env`)
    return "left out" satisfies Outcome
  }
  const steps = Effect.gen(function* () {
    const auth = yield* vendor.tag
    const client = yield* vendor.httpClient
    const token = yield* auth.token
    const until = Option.match(token.expiresAt, { onNone: () => "it never expires", onSome: DateTime.formatIso })
    yield* say("good", `a token at hand, good until ${until}`)
    const { status } = yield* client.get(vendor.path)
    yield* say(status < 400 ? "good" : "trouble", `GET ${vendor.path} -> ${status}`)
    return "shown" satisfies Outcome as Outcome
  })
  return yield* Effect.catch(Effect.provide(steps, vendor.live), (error) =>
    Effect.as(say("trouble", describe(error)), "failed" satisfies Outcome as Outcome)
  )
})

/** What a person can do something with: of a missing option the variable's name, never a value. */
export const describe = (error: AuthError.AuthError | Config.ConfigError | HttpClientError.HttpClientError): string => {
  if (error._tag !== "ConfigError") return error.message
  const variable = [...error.message.matchAll(/\["(\w+)"\]/g)].map(([, part]) => part).join("_")
  return variable === "" ? error.message : `${variable} is not set, or not usable`
}
