/**
 * How a client says who it is: RFC 6749 section 2.3.1, in the header or in the form, or by its name alone.
 *
 * Decided here: which way is taken, and that id and secret are form-encoded before they are joined for the header, as
 * the standard has it: a colon or a letter beyond ASCII would be read as another one. Not here: what else a request
 * carries (`OAuth2Auth`, `Revocation`).
 */
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Base64 from "effect/encoding/Base64"
import type { HttpClientRequest } from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"

/** A registered client, with its secret or without one. */
export type Client =
  | {
      readonly id: string
      readonly secret: Redacted.Redacted<string>
      /** @default one that the metadata list, else "client_secret_basic" */
      readonly authentication?: "client_secret_basic" | "client_secret_post" | undefined
    }
  | {
      /** A public client: its id alone goes with each request. */
      readonly id: string
      readonly secret?: undefined
      readonly authentication?: "none" | undefined
    }

/** The name of a way, as in the registry of RFC 7591. */
export type Method = NonNullable<Client["authentication"]>

/**
 * The way to take: the configured one, whatever the server lists; else of the server's the first that is known here;
 * where it lists none, the header (RFC 8414). Undefined: the server lists only ways that are not known here.
 */
export const choose = (client: Client, listed: ReadonlyArray<string> | undefined): Method | undefined => {
  if (client.authentication !== undefined) return client.authentication
  if (client.secret === undefined) return "none"
  const known = ["client_secret_basic", "client_secret_post"] as const
  return listed === undefined ? known[0] : known.find((method) => listed.includes(method))
}

/** Makes a POST of a form, with what authenticates the client. */
export const encode =
  (client: Client, method: Method) =>
  (url: string, fields: TokenEndpoint.Fields): HttpClientRequest => {
    switch (method) {
      case "client_secret_basic": {
        const pair = `${formEncode(client.id)}:${formEncode(Redacted.value(client.secret!))}`
        return TokenEndpoint.form(url, fields, { authorization: `Basic ${Base64.encode(pair)}` })
      }
      case "client_secret_post":
        return TokenEndpoint.form(url, { ...fields, client_id: client.id, client_secret: client.secret })
      case "none":
        return TokenEndpoint.form(url, { ...fields, client_id: client.id })
    }
  }

const formEncode = (text: string): string => new URLSearchParams([["", text]]).toString().slice(1)
