// What a user may configure: the table of addresses, the other checks, and options that come from `Config`. A complaint
// names the field and never shows the value.
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as AuthError from "../src/AuthError.ts"
import * as Options from "../src/Options.ts"

const check = Options.checks("Acme")

/** The reason of a refusal, which shows nothing of the value. */
const refusal = <A>(effect: Effect.Effect<A, AuthError.AuthError>, ...secrets: ReadonlyArray<string>) => {
  const exit = Effect.runSyncExit(effect)
  assert(Exit.isFailure(exit), `accepted: ${JSON.stringify(exit)}`)
  const error = Effect.runSync(Effect.flip(effect))
  const said = [error.message, String(error), JSON.stringify(error), String(exit), error.stack].join(" ")
  for (const secret of secrets) assert.notInclude(said, secret)
  assert.strictEqual(error.vendor, "Acme")
  assert.isTrue(error.isFinal)
  return error.reason
}

describe("an address", () => {
  it.each([
    ["https://api.acme.test", "https://api.acme.test"],
    ["https://api.acme.test/", "https://api.acme.test"],
    ["https://api.acme.test///", "https://api.acme.test"],
    ["https://api.acme.test/v1", "https://api.acme.test/v1"],
    ["https://api.acme.test/v1/", "https://api.acme.test/v1"],
    ["https://api.acme.test:8443/v1", "https://api.acme.test:8443/v1"],
    ["https://api.acme.test:443", "https://api.acme.test"],
    ["HTTPS://API.ACME.TEST/V1", "https://api.acme.test/V1"],
    ["https://10.0.0.1", "https://10.0.0.1"],
    ["https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"],
    ["https://xn--bcher-kva.test", "https://xn--bcher-kva.test"],
    ["https://bücher.test", "https://xn--bcher-kva.test"],
    // http, to this machine only.
    ["http://localhost", "http://localhost"],
    ["http://LOCALHOST:3000/v1/", "http://localhost:3000/v1"],
    ["http://127.0.0.1", "http://127.0.0.1"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://127.255.255.254", "http://127.255.255.254"],
    ["http://127.1", "http://127.0.0.1"],
    ["http://0x7f000001", "http://127.0.0.1"],
    ["http://2130706433", "http://127.0.0.1"],
    ["http://[::1]", "http://[::1]"],
    ["http://[0:0:0:0:0:0:0:1]:9000", "http://[::1]:9000"]
  ])("%s is %s", (given, expected) => {
    assert.strictEqual(Effect.runSync(check.url("baseUrl", given)), expected)
  })

  it.each([
    "http://api.acme.test",
    "http://10.0.0.1",
    "http://192.168.0.1",
    "http://128.0.0.1",
    "http://0.0.0.0",
    "http://[::]",
    "http://[::2]",
    "http://[::ffff:127.0.0.1]",
    "http://localhost.acme.test",
    "http://localhost.",
    "http://localhost.localdomain",
    "http://acme.localhost",
    "http://127.0.0.1.acme.test",
    "http://1270.0.0.1.test",
    "http://169.254.169.254"
  ])("%s is http to another machine: insecure", (given) =>
    assert.deepInclude(refusal(check.url("baseUrl", given), new URL(given).hostname), {
      _tag: "InsecureEndpoint",
      field: "baseUrl"
    })
  )

  it.each([
    "https://name:SECRET@api.acme.test",
    "https://SECRET@api.acme.test",
    "https://:SECRET@api.acme.test",
    "https://api.acme.test@evil-SECRET:pw@evil.test",
    "http://SECRET:x@localhost"
  ])("%s holds a user name or password: insecure", (given) =>
    assert.deepInclude(refusal(check.url("baseUrl", given), "SECRET"), { _tag: "InsecureEndpoint", field: "baseUrl" })
  )

  it.each([
    "https://api.acme.test?key=SECRET",
    "https://api.acme.test/v1?",
    "https://api.acme.test/v1#SECRET",
    "https://api.acme.test/#",
    "ftp://SECRET.test",
    "file:///SECRET",
    "javascript:SECRET",
    "data:text/plain,SECRET",
    "ws://localhost/SECRET",
    "SECRET.acme.test",
    "//SECRET.acme.test",
    "/SECRET",
    "",
    " ",
    "https://",
    "https://SEC RET.test",
    "https://api.acme.test:99999/SECRET",
    5,
    undefined,
    null,
    {},
    Redacted.make("https://SECRET.test")
  ])("%o is no usable address", (given) =>
    assert.deepInclude(refusal(check.url("baseUrl", given), "SECRET", "SEC RET"), {
      _tag: "InvalidOptions",
      field: "baseUrl"
    })
  )
})

describe("other options", () => {
  const invalid = (field: string) => ({ _tag: "InvalidOptions", field }) as const

  it("a text is not blank, and is kept as it is", () => {
    assert.strictEqual(Effect.runSync(check.text("clientId", " a ")), " a ")
    for (const value of ["", "  ", "\t\n", undefined, null, 5, {}]) {
      assert.deepInclude(refusal(check.text("clientId", value)), invalid("clientId"))
    }
  })

  it("a segment of a path is one segment", () => {
    for (const value of ["v10", "v1.2", "a_b-c"])
      assert.strictEqual(Effect.runSync(check.segment("version", value)), value)
    for (const value of ["", "a/b", "..", ".", "a?b", "a#b", "a b", "%2e", "a\n", "ä", undefined, 10]) {
      assert.deepInclude(refusal(check.segment("version", value)), invalid("version"))
    }
  })

  it("a path stays on its server", () => {
    const path = (value: unknown) => check.path("loginPath", "https://api.acme.test", value)
    assert.strictEqual(Effect.runSync(path("/a/b")), "https://api.acme.test/a/b")
    for (const value of ["//evil.test/a", "/@evil.test", "/\\evil.test", "/../a", "/:80"]) {
      assert.strictEqual(new URL(Effect.runSync(path(value))).origin, "https://api.acme.test")
    }
    for (const value of [
      "",
      "a",
      "@evil.test",
      ".evil.test",
      ":80",
      "https://evil.test",
      "/a?b",
      "/a#b",
      undefined,
      5
    ]) {
      assert.deepInclude(refusal(path(value)), invalid("loginPath"))
    }
  })

  it("a secret is Redacted and not empty; any character may be in it", () => {
    for (const text of ["x", " ", "p&=+% \0\u{1f499}", "line\nbreak"]) {
      assert.strictEqual(Redacted.value(Effect.runSync(check.secret("password", Redacted.make(text)))), text)
    }
    for (const value of [Redacted.make(""), Redacted.make(5), "SECRET", undefined, null, { value: "SECRET" }]) {
      assert.deepInclude(refusal(check.secret("password", value), "SECRET"), invalid("password"))
    }
  })

  it("a token can stand in a header", () => {
    assert.strictEqual(Redacted.value(Effect.runSync(check.token("token", Redacted.make("a.b-c")))), "a.b-c")
    for (const text of ["", "SEC RET", "SECRET\r\n", "SECRETä", `SECRET${"x".repeat(16_384)}`]) {
      assert.deepInclude(refusal(check.token("token", Redacted.make(text)), "SEC RET", "SECRET"), invalid("token"))
    }
    assert.deepInclude(refusal(check.token("token", "SECRET"), "SECRET"), invalid("token"))
  })

  it("of several ways to log in exactly one is given", () => {
    const ways = [["username", "password"], ["clientSecret"]]
    const oneOf = (value: unknown) => check.oneOf("credentials", value, ways)
    assert.strictEqual(Effect.runSync(oneOf({ username: "a", password: "b" })), 0)
    assert.strictEqual(Effect.runSync(oneOf({ clientSecret: "b", username: undefined })), 1)
    for (const value of [{}, { username: "SECRET", clientSecret: "SECRET" }, undefined, null, "SECRET"]) {
      assert.deepInclude(refusal(oneOf(value), "SECRET"), invalid("credentials"))
    }
  })
})

describe("options from Config", () => {
  interface Acme {
    readonly baseUrl: string
    readonly version?: "v1" | "v2"
    readonly credentials: { readonly username: string; readonly password: Redacted.Redacted<string> }
    readonly policy?: { readonly timeout?: Duration.Input; readonly refresh?: Schedule.Schedule<unknown, unknown> }
  }
  const env = ConfigProvider.fromUnknown({ URL: "https://api.acme.test", USERNAME: "user", PASSWORD: "SECRET" })
  const load = (options: Options.Configured<Acme>) =>
    Options.load<Acme>(options).pipe(Effect.provide(ConfigProvider.layer(env)))
  const expected = {
    baseUrl: "https://api.acme.test",
    credentials: { username: "user", password: Redacted.make("SECRET") }
  }

  it.effect("all of them as one Config", () =>
    Effect.gen(function* () {
      const whole = Config.all({
        baseUrl: Config.String("URL"),
        credentials: Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
      })
      assert.deepStrictEqual(yield* load(whole), expected)
    })
  )

  it.effect("field by field beside plain values, in nested fields too", () =>
    Effect.gen(function* () {
      const credentials = { username: "user", password: Config.Redacted("PASSWORD") }
      assert.deepStrictEqual(yield* load({ baseUrl: Config.String("URL"), credentials }), expected)
      assert.deepStrictEqual(yield* load({ baseUrl: "https://api.acme.test", credentials, version: "v2" }), {
        ...expected,
        version: "v2"
      })
    })
  )

  it.effect("a nested field as one Config", () =>
    Effect.gen(function* () {
      const credentials = Config.all({ username: Config.String("USERNAME"), password: Config.Redacted("PASSWORD") })
      assert.deepStrictEqual(yield* load({ baseUrl: "https://api.acme.test", credentials }), expected)
    })
  )

  it.effect("item by item in a list", () =>
    Effect.gen(function* () {
      const options: Options.Configured<{ readonly scope: ReadonlyArray<string> }> = {
        scope: ["read", Config.String("USERNAME")]
      }
      const loaded = Options.load<{ readonly scope: ReadonlyArray<string> }>(options)
      assert.deepStrictEqual(yield* Effect.provide(loaded, ConfigProvider.layer(env)), { scope: ["read", "user"] })
    })
  )

  it.effect("plain values only, and undefined ones left out", () =>
    Effect.gen(function* () {
      const options = { ...expected, version: undefined as never }
      assert.deepStrictEqual(yield* load(options), expected)
      assert.notProperty(yield* load(options), "version")
    })
  )

  it.effect("a policy stays as it is: schedules and durations are the same objects", () =>
    Effect.gen(function* () {
      const policy = { timeout: Duration.seconds(5), refresh: Schedule.spaced("10 minutes") }
      const loaded = yield* load({ ...expected, policy })
      assert.strictEqual(loaded.policy!.refresh, policy.refresh)
      assert.strictEqual(loaded.policy!.timeout, policy.timeout)
    })
  )

  it.effect("a missing one fails with `ConfigError`, which names it and shows no other", () =>
    Effect.gen(function* () {
      const credentials = { username: Config.String("MISSING"), password: Config.Redacted("PASSWORD") }
      const error = yield* Effect.flip(load({ baseUrl: Config.String("URL"), credentials }))
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, "MISSING")
      assert.notInclude(error.message + JSON.stringify(error), "SECRET")
    })
  )
})
