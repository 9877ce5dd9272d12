// Guarantees J1 and J4 for the three vendors: which addresses a vendor's layer takes at all, and where its first request
// goes then. Not here: where a call or a redirect may lead later. That an https address is a private one is not looked
// at: on-premise servers are where they are, and who configures the address decides.
import { assert, describe, it } from "@effect/vitest"
import type * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthService from "@vendor-auth/core/AuthService"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { inspect } from "node:util"

const password = Redacted.make("the-password")

type Make = (
  baseUrl: string
) => Effect.Effect<AuthService.Shape, AuthError.AuthError, HttpClient.HttpClient | Scope.Scope>

const vendors: Readonly<Record<string, Make>> = {
  LogiSense: (baseUrl) =>
    LogiSenseAuth.make({ baseUrl, clientId: "client", credentials: { username: "user", password } }),
  "LRS Connect": (baseUrl) => LrsConnectAuth.make({ baseUrl, credentials: { userName: "user", password } }),
  ItemPath: (baseUrl) => ItemPathAuth.make({ baseUrl, credentials: { username: "user", password } })
}

/** Builds a vendor at an address and asks for a token: what was sent where, or why not. */
const ask = Effect.fnUntraced(
  function* (make: Make, baseUrl: string) {
    const sent: Array<URL> = []
    const client = HttpClient.make((request, url) => {
      sent.push(url)
      return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({})))
    })
    const made = yield* Effect.result(Effect.provideService(make(baseUrl), HttpClient.HttpClient, client))
    if (made._tag === "Failure") return { sent, error: made.failure }
    yield* Effect.exit(made.success.token)
    return { sent, api: made.success.api }
  },
  Effect.provideService(References.MinimumLogLevel, "None")
)

/** The origin that an address has, or the reason why it is none; the secret parts say SECRET. */
const table: ReadonlyArray<readonly [given: string, due: string]> = [
  ["https://vendor.test", "https://vendor.test"],
  ["https://vendor.test/", "https://vendor.test"],
  ["https://vendor.test///", "https://vendor.test"],
  ["https://vendor.test/a/b", "https://vendor.test"],
  ["https://vendor.test/a/../b", "https://vendor.test"],
  ["https://vendor.test:443", "https://vendor.test"],
  ["https://vendor.test:8443", "https://vendor.test:8443"],
  ["HTTPS://VENDOR.TEST", "https://vendor.test"],
  ["https:vendor.test", "https://vendor.test"],
  ["https:\\\\vendor.test", "https://vendor.test"],
  ["https://vendor.test\\@evil.test", "https://vendor.test"],
  [" https://vendor.test ", "https://vendor.test"],
  ["https://ven\tdor.test", "https://vendor.test"],
  ["https://vendor.test.", "https://vendor.test."],
  ["https://b\u00FCcher.test", "https://xn--bcher-kva.test"],
  ["https://vendor\u3002test", "https://vendor.test"],
  ["https://%76endor.test", "https://vendor.test"],
  // Private and link-local ones, in all their spellings: over https they are taken.
  ["https://10.0.0.1", "https://10.0.0.1"],
  ["https://192.168.1.1:8443/api", "https://192.168.1.1:8443"],
  ["https://169.254.169.254", "https://169.254.169.254"],
  ["https://0xa9fea9fe", "https://169.254.169.254"],
  ["https://2852039166", "https://169.254.169.254"],
  ["https://0251.0376.0251.0376", "https://169.254.169.254"],
  ["https://[fe80::1]", "https://[fe80::1]"],
  ["https://[::ffff:169.254.169.254]", "https://[::ffff:a9fe:a9fe]"],
  ["https://localhost", "https://localhost"],
  // http, to this machine only.
  ["http://localhost", "http://localhost"],
  ["http://localhost:3000", "http://localhost:3000"],
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ["http://127.0.0.53", "http://127.0.0.53"],
  ["http://127.1", "http://127.0.0.1"],
  ["http://2130706433", "http://127.0.0.1"],
  ["http://0x7f000001", "http://127.0.0.1"],
  ["http://0177.0.0.1", "http://127.0.0.1"],
  ["http://[::1]:9000", "http://[::1]:9000"],
  ["http://vendor.test", "InsecureEndpoint"],
  ["http://vendor.test:443", "InsecureEndpoint"],
  ["HTTP://VENDOR.TEST", "InsecureEndpoint"],
  ["http://10.0.0.1", "InsecureEndpoint"],
  ["http://169.254.169.254", "InsecureEndpoint"],
  ["http://2852039166", "InsecureEndpoint"],
  ["http://0xa9fea9fe", "InsecureEndpoint"],
  ["http://0251.0376.0251.0376", "InsecureEndpoint"],
  ["http://128.0.0.1", "InsecureEndpoint"],
  ["http://0.0.0.0", "InsecureEndpoint"],
  ["http://0", "InsecureEndpoint"],
  ["http://[::]", "InsecureEndpoint"],
  ["http://[fe80::1]", "InsecureEndpoint"],
  ["http://[::ffff:127.0.0.1]", "InsecureEndpoint"],
  ["http://localhost.evil.test", "InsecureEndpoint"],
  ["http://localhost.", "InsecureEndpoint"],
  ["http://evil.localhost", "InsecureEndpoint"],
  ["http://127.0.0.1.evil.test", "InsecureEndpoint"],
  ["http://127.0.0.1@evil.test", "InsecureEndpoint"],
  ["http://localhost\\.evil.test", "http://localhost"],
  // No user, no query, no fragment.
  ["https://SECRET@vendor.test", "InsecureEndpoint"],
  ["https://user:SECRET@vendor.test", "InsecureEndpoint"],
  ["https://:SECRET@vendor.test", "InsecureEndpoint"],
  ["https://vendor.test@SECRET.test", "InsecureEndpoint"],
  ["https://vendor.test%40SECRET@evil.test", "InsecureEndpoint"],
  ["https://vendor.test?key=SECRET", "InvalidOptions"],
  ["https://vendor.test/a?", "InvalidOptions"],
  ["https://vendor.test#SECRET", "InvalidOptions"],
  ["https://vendor.test/#", "InvalidOptions"],
  ["https://vendor.test?@SECRET.test", "InvalidOptions"],
  ["https://vendor.test#@SECRET.test", "InvalidOptions"],
  // No address of the web.
  ["", "InvalidOptions"],
  ["vendor.test/SECRET", "InvalidOptions"],
  ["//vendor.test/SECRET", "InvalidOptions"],
  ["/SECRET", "InvalidOptions"],
  ["https://", "InvalidOptions"],
  ["https://:443", "InvalidOptions"],
  ["https://vendor.test:99999/SECRET", "InvalidOptions"],
  ["https://SEC RET.test", "InvalidOptions"],
  ["https://[::1/SECRET", "InvalidOptions"],
  ["https://256.256.256.256/SECRET", "InvalidOptions"],
  ["ftp://vendor.test/SECRET", "InvalidOptions"],
  ["ws://localhost/SECRET", "InvalidOptions"],
  ["wss://vendor.test/SECRET", "InvalidOptions"],
  ["file:///SECRET", "InvalidOptions"],
  ["javascript:SECRET", "InvalidOptions"],
  ["data:text/plain,SECRET", "InvalidOptions"],
  ["blob:https://vendor.test/SECRET", "InvalidOptions"]
]

describe("J1: https only; http for loopback without an option, for anything else never", () => {
  describe("J4: a base URL is parsed once, and has no user, no query and no fragment", () => {
    it("the table has more than 60 addresses", () => {
      assert.isAtLeast(new Set(table.map(([given]) => given)).size, 60)
    })

    for (const [name, make] of Object.entries(vendors)) {
      it.effect(`${name}: an address is taken, and the password goes to its origin, or nothing is sent`, () =>
        Effect.gen(function* () {
          for (const [given, due] of table) {
            const { api, error, sent } = yield* ask(make, given)
            if (error === undefined) {
              assert.deepStrictEqual([new URL(api).origin, ...sent.map(({ origin }) => origin)], [due, due], given)
              assert.isTrue(sent.every(({ hash, search }) => hash === "" && search === ""))
              continue
            }
            assert.deepInclude(error.reason, { _tag: due, field: "baseUrl" } as never, given)
            const printed = [String(error), error.message, JSON.stringify(error), inspect(error, { depth: 20 })].join()
            assert.notMatch(printed, /SEC ?RET|evil/, given)
            assert.deepStrictEqual(sent, [])
          }
        })
      )
    }
  })
})
