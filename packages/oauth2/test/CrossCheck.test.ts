/**
 * The same requests and answers by oauth4webapi, a client that other people wrote: each says what the other says, and
 * where they differ it is on purpose and stands here with its reason.
 */
import { assert, describe, it } from "@effect/vitest"
import { OAuth2Auth } from "@vendor-auth/oauth2"
import { Arbitrary, Effect, Redacted, Schema } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import * as oauth from "oauth4webapi"
import { reason } from "./Acme.ts"

/** A request in the terms that count: header and form decoded, their order set aside. */
interface Sent {
  readonly url: string
  readonly method: string
  readonly accept: string | null
  readonly type: string | undefined
  readonly client: ReadonlyArray<string | null> | undefined
  readonly form: ReadonlyArray<readonly [string, string]>
}

const read = (url: string, method: string, headers: Headers, body: string): Sent => {
  const basic = headers.get("authorization")?.replace(/^Basic /, "")
  const decode = (part: string) => new URLSearchParams(`x=${part}`).get("x")
  return {
    url,
    method,
    accept: headers.get("accept"),
    type: headers.get("content-type")?.split(";")[0],
    client: basic === undefined ? undefined : atob(basic).split(":").map(decode),
    form: [...new URLSearchParams(body)].toSorted((a, b) => (a.join("=") < b.join("=") ? -1 : 1))
  }
}

const good = { access_token: "access-1", refresh_token: "refresh-1", token_type: "Bearer", expires_in: 3600 }

/** What our client sends; each request is answered by `answer`. */
const watched = (answer: () => Response = () => Response.json(good)) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
      sent.push(read(url.href, request.method, new Headers(request.headers), body))
      return HttpClientResponse.fromWeb(request, answer())
    })
  )
  return { sent, client: Effect.provideService(HttpClient.HttpClient, client) }
}

const issuer = "https://acme.test/tenant"
const server = { issuer, token_endpoint: `${issuer}/token?p=1`, revocation_endpoint: `${issuer}/revoke` }
const endpoints = { tokenEndpoint: server.token_endpoint, revocationEndpoint: server.revocation_endpoint }
const api = "https://api.acme.test"

/** What their client sends. */
const theirs = async (
  send: (options: { readonly [oauth.customFetch]: (url: string, init: any) => Promise<Response> }) => Promise<Response>
): Promise<Sent> => {
  let sent: Sent | undefined
  await send({
    [oauth.customFetch]: async (url, init) => {
      sent = read(url, init.method, new Headers(init.headers), String(init.body ?? ""))
      return Response.json(good)
    }
  })
  return sent!
}

const vschar = Schema.String.check(Schema.isPattern(/^[\x20-\x7e]{1,40}$/))
const given = Arbitrary.schema(
  Schema.Struct({
    id: vschar,
    secret: vschar,
    // Any character may be in a user's name and password, and in an extra parameter.
    username: Schema.NonEmptyString,
    password: Schema.NonEmptyString,
    extra: Schema.NonEmptyString,
    method: Schema.Literals(["client_secret_basic", "client_secret_post", "none"]),
    grant: Schema.Literals(["client_credentials", "password"]),
    scope: Schema.Array(Schema.String.check(Schema.isPattern(/^[a-z:.]{1,12}$/)))
  })
)

describe("the same request", () => {
  it.effect.prop(
    "comes from both: login, refresh and revocation, whatever is in names and secrets",
    [given],
    ([g]) =>
      Effect.gen(function* () {
        if (g.id.trim() === "" || g.username.trim() === "") return
        const secret = Redacted.make(g.secret)
        const client: OAuth2Auth.Client =
          g.method === "none" ? { id: g.id, authentication: g.method } : { id: g.id, secret, authentication: g.method }
        const grant: OAuth2Auth.Grant =
          g.grant === "client_credentials"
            ? { type: g.grant }
            : { type: g.grant, username: g.username, password: Redacted.make(g.password) }
        const resource = ["https://one.test/", "https://two.test/?a=b&c"]
        const ours = watched()
        const auth = yield* ours.client(
          OAuth2Auth.make({
            ...endpoints,
            client,
            grant,
            scope: g.scope,
            resource,
            extraParams: { extra: g.extra },
            api
          })
        )
        yield* auth.token
        yield* auth.refresh
        yield* auth.signOut

        const way = {
          client_secret_basic: oauth.ClientSecretBasic,
          client_secret_post: oauth.ClientSecretPost,
          none: oauth.None
        }[g.method](g.secret)
        const who = { client_id: g.id }
        const more = [...resource.map((each) => ["resource", each]), ["extra", g.extra]]
        const scope = g.scope.length === 0 ? [] : [["scope", g.scope.join(" ")]]
        const user =
          grant.type === "password"
            ? [
                ["username", g.username],
                ["password", g.password]
              ]
            : []
        const login = [...more, ...scope, ...user]
        const revoke = async (token: string, token_type_hint: string): Promise<Sent> => ({
          ...(await theirs((options) =>
            oauth.revocationRequest(server, who, way, token, { ...options, additionalParameters: { token_type_hint } })
          )),
          // They accept anything there; we read an error's word, which is JSON.
          accept: "application/json"
        })
        const expected = yield* Effect.promise(async () => [
          await theirs((options) => oauth.genericTokenEndpointRequest(server, who, way, g.grant, login, options)),
          await theirs((options) =>
            oauth.refreshTokenGrantRequest(server, who, way, good.refresh_token, {
              ...options,
              additionalParameters: more
            })
          ),
          await revoke(good.refresh_token, "refresh_token"),
          await revoke(good.access_token, "access_token")
        ])
        assert.deepStrictEqual(ours.sent, expected)
      }),
    { arbitrary: { runs: 300 } }
  )

  it.effect("asks the same addresses for an issuer's metadata", () =>
    Effect.gen(function* () {
      const issuers = ["https://acme.test", "https://acme.test/", "https://acme.test/a", "https://acme.test/a/b/"]
      for (const issuer of issuers) {
        const ours = watched(() => new Response(null, { status: 404 }))
        const options = { client: { id: "c" }, grant: { type: "password", username: "u" }, api } as const
        const grant = { ...options.grant, password: Redacted.make("p") }
        const auth = yield* ours.client(OAuth2Auth.make({ ...options, issuer, grant }))
        assert.deepInclude(yield* reason(auth.token), { _tag: "RequestRefused", status: 404 })
        const expected = yield* Effect.promise(() =>
          Promise.all(
            (["oauth2", "oidc"] as const).map((algorithm) =>
              theirs((options) => oauth.discoveryRequest(new URL(issuer), { ...options, algorithm }))
            )
          )
        )
        assert.deepStrictEqual(ours.sent, expected)
      }
    })
  )
})

/** What an answer is worth: a token, or the server's word, or nothing. */
type Verdict = "token" | "refused" | `refused ${string}`

const ourVerdict = (kind: "login" | "refresh", answer: () => Response): Effect.Effect<Verdict> =>
  Effect.scoped(
    Effect.gen(function* () {
      const secret = Redacted.make("s")
      const grant: OAuth2Auth.Grant =
        kind === "login"
          ? { type: "client_credentials" }
          : { type: "refresh_token", refreshToken: Redacted.make("refresh-0") }
      const { client } = watched(answer)
      const auth = yield* client(OAuth2Auth.make({ ...endpoints, client: { id: "c", secret }, grant, api }))
      return yield* auth.token.pipe(
        Effect.as("token" as const),
        Effect.catch(({ reason }): Effect.Effect<Verdict> => {
          // A refresh token that is dead needs no word: the reason is the word.
          if (reason._tag === "ReauthenticationRequired") return Effect.succeed<Verdict>("refused invalid_grant")
          return Effect.succeed<Verdict>(
            "code" in reason && reason.code !== undefined ? `refused ${reason.code}` : "refused"
          )
        })
      )
    }).pipe(Effect.orDie)
  )

const theirVerdict = (kind: "login" | "refresh", answer: () => Response): Effect.Effect<Verdict> =>
  Effect.promise(async (): Promise<Verdict> => {
    const process = kind === "login" ? oauth.processClientCredentialsResponse : oauth.processRefreshTokenResponse
    try {
      await process(server, { client_id: "c" }, answer())
      return "token"
    } catch (error) {
      return error instanceof oauth.ResponseBodyError ? `refused ${error.error}` : "refused"
    }
  })

const ok = (members: object, init?: ResponseInit) => () => Response.json({ ...good, ...members }, init)
const refused =
  (error: unknown, status = 400) =>
  () =>
    Response.json({ error }, { status })
const text =
  (body: string, type = "application/json", status = 200) =>
  () =>
    new Response(body, { status, headers: { "content-type": type } })

describe("the same judgement", () => {
  const answers: ReadonlyArray<[string, () => Response]> = [
    ["a token", ok({})],
    ["a token without a refresh token", ok({ refresh_token: undefined })],
    ["a token of a type in capitals", ok({ token_type: "BEARER" })],
    ["a life as text", ok({ expires_in: "3600" })],
    ["no life", ok({ expires_in: undefined })],
    ["JSON that is called a page", text(JSON.stringify(good), "text/html")],
    ["members that nobody knows", ok({ foo: { bar: [1] } })],
    ["another type", ok({ token_type: "mac" })],
    ["a type that is no text", ok({ token_type: 5 })],
    ["no access token", ok({ access_token: undefined })],
    ["an access token that is a number", ok({ access_token: 5 })],
    ["an empty access token", ok({ access_token: "" })],
    ["an empty refresh token", ok({ refresh_token: "" })],
    ["a refresh token that is a number", ok({ refresh_token: 5 })],
    ["a negative life", ok({ expires_in: -1 })],
    ["a life that is no number", ok({ expires_in: "soon" })],
    ["a list", text("[]")],
    ["half an answer", text('{"access_token":"a')],
    ["nothing", text("")],
    ["a page", text("<html>", "text/html")],
    ["a page with 400", text("<html>", "text/html", 400)],
    ["an error with 200", () => Response.json({ error: "invalid_grant" })],
    ...["invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type"].map(
      (word): [string, () => Response] => [word, refused(word)]
    ),
    ["invalid_scope", refused("invalid_scope")],
    ["invalid_target", refused("invalid_target")],
    ["invalid_client with 401", refused("invalid_client", 401)],
    ["an error that is no text", refused({ code: 5 })],
    ["an empty error", refused("")]
  ]
  for (const kind of ["login", "refresh"] as const) {
    for (const [title, answer] of answers) {
      it.effect(`of ${title} at a ${kind}`, () =>
        Effect.gen(function* () {
          const ours = yield* ourVerdict(kind, answer)
          const expected = yield* theirVerdict(kind, answer)
          // An error with 200 is that error to us; to them it is an answer without a token.
          if (title === "an error with 200")
            assert.deepStrictEqual([ours, expected], ["refused invalid_grant", "refused"])
          else assert.strictEqual(ours, expected)
        })
      )
    }
  }

  const differences: ReadonlyArray<[string, () => Response, Verdict, Verdict]> = [
    ["a type that is missing: servers leave it out and mean bearer", ok({ token_type: undefined }), "token", "refused"],
    ["a token that is bound to a key, which we do not send (RFC 9449)", ok({ token_type: "DPoP" }), "refused", "token"],
    ["a life of nothing: it would be refreshed without end", ok({ expires_in: 0 }), "refused", "token"],
    ["a life with a unit: it may be another one", ok({ expires_in: "60m" }), "refused", "token"],
    ["a token that no header can carry", ok({ access_token: "a\r\nb" }), "refused", "token"],
    ["201: it was carried out", ok({}, { status: 201 }), "token", "refused"],
    ["a scope that is no text: it is not read", ok({ scope: 5 }), "token", "refused"],
    ["a word of a server's own may say a secret", refused("word-of-its-own"), "refused", "refused word-of-its-own"]
  ]
  for (const [title, answer, ours, expected] of differences) {
    it.effect(`differs on purpose: ${title}`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* ourVerdict("login", answer), ours)
        assert.strictEqual(yield* theirVerdict("login", answer), expected)
      })
    )
  }
})
