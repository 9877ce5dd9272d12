/**
 * What a user configures: the checks every vendor makes before its layer is built, and options that come from `Config`.
 *
 * Decided here: which addresses may be used at all, what an empty option is, and how plain values and `Config`s mix. A
 * complaint names the field, never the value. Not here: which options a vendor has.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as AuthError from "./AuthError.ts"
import * as Secret from "./Secret.ts"

/** The checks of one vendor's options; each fails with `InvalidOptions` or `InsecureEndpoint`. */
export const checks = (vendor: string) => {
  const fail = (reason: AuthError.Reason) => Effect.fail(new AuthError.AuthError({ vendor, reason }))
  const invalid = (field: string, problem: string) => fail(new AuthError.InvalidOptions({ field, problem }))

  /** An address with https, or http to this machine; its trailing slashes are dropped. */
  const url = (field: string, value: unknown): Effect.Effect<string, AuthError.AuthError> => {
    if (typeof value !== "string" || !URL.canParse(value)) return invalid(field, "is not an absolute URL")
    const { hostname, href, password, protocol, username } = new URL(value)
    if (protocol !== "https:" && protocol !== "http:") return invalid(field, "is not an https URL")
    if (username !== "" || password !== "") {
      return fail(new AuthError.InsecureEndpoint({ field, problem: "holds a user name or password" }))
    }
    if (protocol === "http:" && !isLoopback(hostname)) {
      return fail(new AuthError.InsecureEndpoint({ field, problem: "is http to another machine: use https" }))
    }
    if (/[?#]/.test(value)) return invalid(field, "has a query or a fragment")
    return Effect.succeed(href.replace(/\/+$/, ""))
  }

  /** A text that is not blank. */
  const text = (field: string, value: unknown): Effect.Effect<string, AuthError.AuthError> =>
    typeof value === "string" && value.trim() !== "" ? Effect.succeed(value) : invalid(field, "is empty")

  /** One segment of a path, a version for example. */
  const segment = (field: string, value: unknown): Effect.Effect<string, AuthError.AuthError> =>
    typeof value === "string" && /^(?!\.+$)[\w.-]+$/.test(value)
      ? Effect.succeed(value)
      : invalid(field, "is not one path segment")

  /** A path of the server at an address; gives the whole URL. */
  const path = (field: string, baseUrl: string, value: unknown): Effect.Effect<string, AuthError.AuthError> =>
    typeof value === "string" && value.startsWith("/") && !/[?#]/.test(value)
      ? Effect.succeed(baseUrl + value)
      : invalid(field, 'is not a path that begins with "/"')

  /** A secret that is not empty. Any character may be in a password. */
  const secret = (field: string, value: unknown): Effect.Effect<Redacted.Redacted<string>, AuthError.AuthError> => {
    if (!Redacted.isRedacted(value)) return invalid(field, "is not Redacted")
    const inner = Redacted.value(value)
    return typeof inner === "string" && inner !== ""
      ? Effect.succeed(value as Redacted.Redacted<string>)
      : invalid(field, "is empty")
  }

  /** A secret that can stand in a header. */
  const token = (field: string, value: unknown): Effect.Effect<Redacted.Redacted<string>, AuthError.AuthError> =>
    Effect.flatMap(secret(field, value), (redacted) =>
      Secret.isTokenText(Redacted.value(redacted))
        ? Effect.succeed(redacted)
        : invalid(field, "is not a token: spaces, line breaks or other characters that no header can carry")
    )

  /** Of several ways to log in exactly one; gives its index. */
  const oneOf = (
    field: string,
    value: unknown,
    ways: ReadonlyArray<ReadonlyArray<string>>
  ): Effect.Effect<number, AuthError.AuthError> => {
    const given = typeof value === "object" && value !== null ? value : {}
    const present = ways.flatMap((names, index) =>
      names.some((name) => Reflect.get(given, name) !== undefined) ? [index] : []
    )
    const choices = ways.map((names) => names.join(" and ")).join(", or ")
    return present.length === 1 ? Effect.succeed(present[0]!) : invalid(field, `needs exactly one of ${choices}`)
  }

  return { url, text, segment, path, secret, token, oneOf }
}

const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname)

/**
 * Options in which any field may be a `Config`: as a whole, or field by field beside plain values. `policy` stays
 * plain.
 */
export type Configured<O> = Config.Config<O> | { readonly [K in keyof O]: K extends "policy" ? O[K] : Field<O[K]> }

type Field<A> = A | Config.Config<A> | (A extends Leaf ? never : { readonly [K in keyof A]: Field<A[K]> })

type Leaf = string | number | boolean | undefined | Redacted.Redacted<unknown> | Effect.Effect<unknown, unknown>

/** Reads options that hold `Config`s. */
export const load = <O>(options: Configured<O>): Effect.Effect<O, Config.ConfigError> =>
  read(options) as Effect.Effect<O, Config.ConfigError>

const read = (value: unknown): Effect.Effect<unknown, Config.ConfigError> => {
  if (Config.isConfig(value)) return value
  if (Array.isArray(value)) return Effect.forEach(value, read)
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return Effect.succeed(value)
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  return Effect.map(
    Effect.forEach(fields, ([name, field]) => Effect.map(read(field), (loaded) => [name, loaded] as const)),
    Object.fromEntries
  )
}
