/**
 * Where an issuer's endpoints are: its metadata by RFC 8414 or, where that address answers 404, by OpenID Connect.
 *
 * Decided here: both addresses, that the metadata are the issuer's own only if they name it character by character,
 * what of them is used, and that they are asked for once and kept. As long as they are not known no token request can
 * have been sent, so that every failure here is one that was not sent. Not here: how a client authenticates
 * (`ClientAuthentication`), and when an exchange is made (core).
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"
import * as TokenEndpoint from "@vendor-auth/core/TokenEndpoint"
import * as Effect from "effect/Effect"
import * as Options from "./Options.ts"

/** What is used of an issuer's metadata. */
export interface Metadata {
  readonly tokenEndpoint: string
  readonly revocationEndpoint: string | undefined
  /** Ways to authenticate, by endpoint; undefined where none are listed. */
  readonly tokenMethods: ReadonlyArray<string> | undefined
  readonly revocationMethods: ReadonlyArray<string> | undefined
}

/** Makes the look-up of a server's metadata, which takes at most `patience` milliseconds, or none if they are given. */
export const make = (
  ask: TokenEndpoint.Ask,
  { patience, server, vendor }: { readonly patience: number; readonly server: Options.Server; readonly vendor: string }
): Effect.Effect<Metadata, Issuer.ExchangeFailure> => {
  if (server.issuer === undefined) {
    const { revocationEndpoint, tokenEndpoint } = server
    return Effect.succeed({ tokenEndpoint, revocationEndpoint, tokenMethods: undefined, revocationMethods: undefined })
  }
  const { issuer } = server
  let known: Metadata | undefined

  const body = Effect.gen(function* () {
    const [first, second] = addresses(issuer)
    const answer = yield* ask(TokenEndpoint.get(first))
    return answer.status === 404 ? yield* ask(TokenEndpoint.get(second)) : answer
  }).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(notSent(unreachable())) }),
    Effect.mapError(({ reason }) => notSent(reason)),
    Effect.filterOrFail(
      ({ status }) => status === 200,
      (answer) => notSent(TokenEndpoint.statusReason(answer))
    ),
    Effect.map((answer) => answer.body)
  )

  const read = Effect.gen(function* () {
    const metadata = yield* body
    if (metadata["issuer"] !== issuer) return yield* malformed("issuer")
    const address = (field: string) =>
      Effect.catch(Options.endpoint(vendor, field, metadata[field]), () => malformed(field))
    const isRevocable = metadata["revocation_endpoint"] !== undefined
    const revocationMethods = yield* methods(metadata, "revocation_endpoint_auth_methods_supported")
    known = {
      tokenEndpoint: yield* address("token_endpoint"),
      revocationEndpoint: isRevocable ? yield* address("revocation_endpoint") : undefined,
      tokenMethods: yield* methods(metadata, "token_endpoint_auth_methods_supported"),
      revocationMethods
    }
    return known
  })

  return Effect.suspend(() => (known === undefined ? read : Effect.succeed(known)))
}

/** RFC 8414 section 3.1 sets its word before the issuer's path, OpenID Connect Discovery section 4 behind it. */
const addresses = (issuer: string): readonly [string, string] => {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`
  ]
}

const methods = (metadata: TokenEndpoint.Answer["body"], field: string) => {
  const listed = metadata[field]
  if (listed === undefined) return Effect.undefined
  return Array.isArray(listed) && listed.every((method) => typeof method === "string")
    ? Effect.succeed(listed as ReadonlyArray<string>)
    : malformed(field)
}

const malformed = (field: string) => Effect.fail(notSent(new AuthError.MalformedResponse({ paths: [field] })))

/** Whatever became of the look-up: the exchange that it was for was not sent. */
const notSent = (reason: AuthError.Reason) =>
  new Issuer.ExchangeFailure({ outcome: "NotSent", reason: reason._tag === "Unreachable" ? unreachable() : reason })

const unreachable = () => new AuthError.Unreachable({ outcome: "NotSent" })
