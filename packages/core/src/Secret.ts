/**
 * What may be a secret's text, and how a secret is told from another one without keeping it.
 *
 * Decided here: a token is visible ASCII, so that no header can be broken by it and no client prints it in a complaint
 * (`fetch` quotes a whole header value it dislikes); a fingerprint is a SHA-256. Not here: where secrets go.
 */
import * as Effect from "effect/Effect"
import * as Hex from "effect/encoding/Hex"
import * as Redacted from "effect/Redacted"

/** Wraps a text so that it prints as `<redacted>`. */
export const make = (text: string): Redacted.Redacted<string> => Redacted.make(text)

/** Whether a value can be a token: 1 to 16,384 characters of visible ASCII. */
export const isTokenText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= 16_384 && /^[\x21-\x7e]+$/.test(value)

interface NodeCrypto {
  readonly createHash: (name: "sha256") => {
    readonly update: (text: string) => { readonly digest: (encoding: "hex") => string }
  }
}

interface Process {
  readonly getBuiltinModule?: (name: "node:crypto") => NodeCrypto | undefined
}

/**
 * Node, Bun and Deno digest at once. Web Crypto, which is everywhere, answers in a later turn of the event loop: the
 * `TestClock` of a spec goes on meanwhile, and a short text costs many times as much.
 */
const builtIn = (globalThis as { readonly process?: Process }).process?.getBuiltinModule?.("node:crypto")

const digest = (text: string): Effect.Effect<string> =>
  builtIn !== undefined
    ? Effect.sync(() => builtIn.createHash("sha256").update(text).digest("hex"))
    : Effect.map(
        Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))),
        (bytes) => Hex.encode(new Uint8Array(bytes))
      )

/** SHA-256, in hexadecimal, of some texts and secrets in this order. Injective: no two lists share an encoding. */
export const fingerprint = (parts: ReadonlyArray<string | Redacted.Redacted<string>>): Effect.Effect<string> =>
  Effect.suspend(() =>
    digest(JSON.stringify(parts.map((part) => (Redacted.isRedacted(part) ? Redacted.value(part) : part))))
  )
