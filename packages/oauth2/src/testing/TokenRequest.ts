/**
 * One form that a client posted, read as RFC 6749 sections 2.3 and 3.2 have it.
 * Decided here: what a form must look like, that each parameter comes once (`resource` may repeat, RFC 8707), that a
 * client authenticates in exactly the one way it is registered with, and which fields a grant may not carry.
 * Not decided here: what a grant is answered (`OAuth2Simulator`). A violation's text holds no value.
 */
import * as Simulator from "@vendor-auth/testing/Simulator"
import * as Redacted from "effect/Redacted"

/** The ways to authenticate, by RFC 7591's names. */
export type Method = "client_secret_basic" | "client_secret_post" | "none"

/** The client as it is registered. */
export interface Client {
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
  readonly authentication: Method
}

/** A form from a client that was recognized. */
export interface TokenRequest {
  readonly form: URLSearchParams
  readonly now: number
}

const secretsOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  client_credentials: [],
  password: ["username", "password"],
  refresh_token: ["refresh_token"]
}

/** Reads a form; gives the word that it is refused with, if it is. */
export const read = (
  incoming: Simulator.Incoming,
  client: Client,
  violate: (text: string) => void
): TokenRequest | "invalid_request" | "invalid_client" => {
  const { body, headers, method, now } = incoming
  const violation = (text: string) => {
    violate(text)
    return "invalid_request" as const
  }
  if (method !== "POST") return violation(`a token request by ${method}`)
  if (Simulator.mediaType(incoming) !== "application/x-www-form-urlencoded") return violation("a body that is no form")
  if (!(headers.get("accept") ?? "").includes("application/json")) return violation("JSON is not accepted")
  const form = new URLSearchParams(body)
  for (const name of new Set(form.keys())) {
    if (name !== "resource" && form.getAll(name).length > 1) return violation(`the parameter ${name} more than once`)
    if (form.get(name) === "") return violation(`the parameter ${name} without a value`)
  }

  const isRecognized = recognize(headers, form, client)
  if (typeof isRecognized === "string") violate(isRecognized)
  if (isRecognized !== true) return "invalid_client"

  const own = secretsOf[form.get("grant_type") ?? ""] ?? []
  const foreign = Object.values(secretsOf)
    .flat()
    .filter((name) => form.has(name) && !own.includes(name))
  if (foreign.length > 0) return violation(`${foreign.join(" and ")} beside the grant that needs it not`)
  const absent = own.filter((name) => !form.has(name))
  if (absent.length > 0) return violation(`a grant without ${absent.join(" and ")}`)
  return { form, now }
}

/** Whether it is the client. A text says how it went about it in a way that it may not. */
const recognize = (headers: Headers, form: URLSearchParams, client: Client): boolean | string => {
  const secret = Redacted.value(client.clientSecret)
  const header = headers.get("authorization")
  const isInForm = form.has("client_secret")
  const used: Method = header !== null ? "client_secret_basic" : isInForm ? "client_secret_post" : "none"
  if (header !== null && isInForm) return "a client secret in header and form"
  if (used !== client.authentication) return `a client that authenticates by ${used}`
  if (header === null) {
    return form.get("client_id") === client.clientId && (!isInForm || form.get("client_secret") === secret)
  }
  const encoded = /^Basic ([\w+/]+=*)$/.exec(header)?.[1]
  if (encoded === undefined) return "a header that is not Basic"
  const text = atob(encoded)
  const colon = text.indexOf(":")
  // Both parts are form-encoded, so that nothing but ASCII and one colon is left.
  if (!/^[\x21-\x7e]*$/.test(text) || colon === -1 || text.includes(":", colon + 1)) {
    return "a Basic header whose parts are not form-encoded"
  }
  const decode = (part: string) => new URLSearchParams(`x=${part}`).get("x")
  return decode(text.slice(0, colon)) === client.clientId && decode(text.slice(colon + 1)) === secret
}
