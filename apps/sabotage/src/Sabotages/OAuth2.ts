/**
 * Wrong versions of the generic OAuth 2.0 package.
 *
 * Decided here: which faults of discovery, client authentication, account keys and revocation the tests must notice.
 * Not here: the parts of core it stands on (`Wire`, `Answers`).
 */
import type { Sabotage } from "../Sabotage.ts"

const source = (name: string) => `packages/oauth2/src/${name}.ts`
const tests = (name: string) => [`packages/oauth2/test/${name}.test.ts`]

export const oauth2: ReadonlyArray<Sabotage> = [
  {
    title: "id and secret of a client are joined as they are, and not encoded before",
    file: source("ClientAuthentication"),
    find: "const pair = `${formEncode(client.id)}:${formEncode(Redacted.value(client.secret!))}`",
    replace: "const pair = `${client.id}:${Redacted.value(client.secret!)}`",
    tests: tests("OAuth2Auth")
  },
  {
    title: "a server's metadata beat the way of authentication that was configured",
    file: source("ClientAuthentication"),
    find: "  if (client.authentication !== undefined) return client.authentication\n",
    replace: "",
    tests: tests("Discovery")
  },
  {
    title: "metadata that name another issuer are believed",
    file: source("Discovery"),
    find: `if (metadata["issuer"] !== issuer) return`,
    replace: `if (metadata["issuer"] === 0) return`,
    tests: tests("Discovery")
  },
  {
    title: "a look-up that fails counts as an exchange with an unknown outcome",
    file: source("Discovery"),
    find: "    Effect.mapError(({ reason }) => notSent(reason)),\n",
    replace: "",
    tests: tests("Discovery")
  },
  {
    title: "any failure of RFC 8414's address asks OpenID Connect's",
    file: source("Discovery"),
    find: "answer.status === 404 ?",
    replace: "answer.status !== 200 ?",
    tests: tests("Discovery")
  },
  {
    title: "accounts with different scopes share a session",
    file: source("Account"),
    find: "{ ...common, ...scope }",
    replace: "{ ...common }",
    tests: tests("Account")
  },
  {
    title: "a sign-out revokes what an open exchange was begun with",
    file: source("Revocation"),
    find: "before.intent === null && before.tokens !== null",
    replace: "before.tokens !== null",
    tests: tests("OAuth2Auth")
  },
  {
    title: "a refresh token of an unknown server passes for one that may be used many times",
    file: source("OAuth2Auth"),
    find: `options.refreshTokenUse ?? "once"`,
    replace: `options.refreshTokenUse ?? "many"`,
    tests: tests("OAuth2Auth")
  }
]
