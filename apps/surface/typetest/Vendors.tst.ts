// Each vendor has a tag of its own, and the compiler keeps them apart.
// Decided here: what of a vendor's public types must not compile, and in which words the compiler says so. Not here:
// what happens at run time.
import * as AuthError from "@vendor-auth/core/AuthError"
import type * as AuthHttpClient from "@vendor-auth/core/AuthHttpClient"
import * as AuthService from "@vendor-auth/core/AuthService"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { describe, expect, test } from "tstyche"

declare const http: Layer.Layer<HttpClient>
const secret = Redacted.make("s")
const logiSense = LogiSenseAuth.layer({
  baseUrl: "https://logisense.test",
  clientId: "c",
  credentials: { clientSecret: secret }
})
const itemPath = ItemPathAuth.layer({
  baseUrl: "https://itempath.test",
  credentials: { username: "u", password: secret }
})
const lrsConnect = LrsConnectAuth.layer({ credentials: { refreshToken: secret } })
const runnable = (effect: Effect.Effect<unknown, unknown>) => effect

describe("a vendor's tag", () => {
  test("is not another vendor's", () => {
    expect<LogiSenseAuth.LogiSenseAuth>().type.not.toBeAssignableTo<ItemPathAuth.ItemPathAuth>()
    expect<LrsConnectAuth.LrsConnectAuth>().type.not.toBeAssignableTo<LogiSenseAuth.LogiSenseAuth>()
    expect<typeof LogiSenseAuth.LogiSenseAuth>().type.not.toBeAssignableTo<typeof LrsConnectAuth.LrsConnectAuth>()
    expect<typeof LogiSenseAuth.LogiSenseAuth>().type.not.toBeAssignableTo<typeof AuthService.AuthService>()
  })

  test("gives one shape to code that does not care which vendor it is", () => {
    expect<LogiSenseAuth.LogiSenseAuth["Service"]>().type.toBeAssignableTo<AuthService.Shape>()
    expect<ItemPathAuth.ItemPathAuth["Service"]>().type.toBeAssignableTo<AuthService.Shape>()
    expect(AuthService.layerFrom(ItemPathAuth.ItemPathAuth)).type.toBe<
      Layer.Layer<AuthService.AuthService, never, ItemPathAuth.ItemPathAuth>
    >()
  })

  test("is made with members beyond the shape, none of which redefines one of the shape's", () => {
    expect(AuthService.Service<"Self", { readonly more: string }>()).type.toBeCallableWith("app/Acme")
    expect(AuthService.Service<"Self", { readonly more: string; readonly api?: never }>()).type.toBeCallableWith("a")
    // @ts-expect-error Type 'number' is not assignable to type 'never'
    AuthService.Service<"Self", { readonly api: number }>()
  })
})

describe("a missing vendor", () => {
  const program = Effect.flatMap(LogiSenseAuth.httpClient, (client) => client.get("/Account"))

  test("is a compile error that names it", () => {
    runnable(Effect.provide(program, Layer.provideMerge(logiSense, http)))
    // @ts-expect-error 'LogiSenseAuth' is not assignable to type 'never'
    runnable(Effect.provide(program, Layer.provideMerge(itemPath, http)))
    expect(Effect.provide(program, Layer.provideMerge(itemPath, http))).type.toBe<
      Effect.Effect<
        Effect.Success<typeof program>,
        Effect.Error<typeof program> | AuthError.AuthError,
        LogiSenseAuth.LogiSenseAuth
      >
    >()
  })

  test("is not made up for by another, nor by the vendor-neutral tag", () => {
    // @ts-expect-error 'LogiSenseAuth' is not assignable to type 'never'
    runnable(Effect.provide(program, Layer.provideMerge(Layer.mergeAll(itemPath, lrsConnect), http)))
    const neutral = AuthService.layerFrom(ItemPathAuth.ItemPathAuth).pipe(Layer.provide(itemPath))
    // @ts-expect-error 'LogiSenseAuth' is not assignable to type 'never'
    runnable(Effect.provide(program, Layer.provideMerge(neutral, http)))
  })

  test("is asked for by its client, which may fail with an AuthError", () => {
    expect<Effect.Services<typeof LogiSenseAuth.httpClient>>().type.toBe<LogiSenseAuth.LogiSenseAuth | HttpClient>()
    expect<Effect.Services<typeof ItemPathAuth.httpClient>>().type.toBe<ItemPathAuth.ItemPathAuth | HttpClient>()
    expect<Effect.Error<typeof program>>().type.toBeAssignableFrom<AuthError.AuthError>()
    expect<Effect.Success<typeof LrsConnectAuth.httpClient>>().type.not.toBeAssignableTo<HttpClient>()
    expect<typeof AuthHttpClient.toHttpClient>().type.toBeCallableWith(
      {} as Effect.Success<typeof LrsConnectAuth.httpClient>
    )
  })
})

describe("a secret", () => {
  test("is Redacted: a plain string is not taken for one", () => {
    const itemPathWith = ItemPathAuth.layer
    expect(itemPathWith).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      credentials: { username: "u", password: "p" }
    })
    expect(itemPathWith).type.not.toBeCallableWith({ baseUrl: "https://x.test", credentials: { refreshToken: "r" } })
    expect(itemPathWith).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      credentials: { applicationToken: "a" }
    })
    expect(LrsConnectAuth.layer).type.not.toBeCallableWith({ credentials: { refreshToken: "r" } })
    expect(LrsConnectAuth.layer).type.not.toBeCallableWith({ credentials: { userName: "u", password: "p" } })
    expect(LogiSenseAuth.layer).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      clientId: "c",
      credentials: { clientSecret: "s" }
    })
  })

  test("I5: a token that was issued is Redacted, and is no string", () => {
    const token = Effect.flatMap(LogiSenseAuth.LogiSenseAuth, (auth) => Effect.map(auth.token, ({ value }) => value))
    expect<Effect.Success<typeof token>>().type.toBe<Redacted.Redacted<string>>()
    expect<Effect.Success<typeof token>>().type.not.toBeAssignableTo<string>()
  })
})

describe("credentials", () => {
  const user = { username: "u", password: secret }
  test("exclude each other", () => {
    const options = { baseUrl: "https://x.test", clientId: "c" }
    expect(LogiSenseAuth.layer).type.toBeCallableWith({ ...options, credentials: user })
    expect(LogiSenseAuth.layer).type.toBeCallableWith({ ...options, credentials: { clientSecret: secret } })
    expect(LogiSenseAuth.layer).type.not.toBeCallableWith({
      ...options,
      credentials: { ...user, clientSecret: secret }
    })
    expect(ItemPathAuth.layer).type.toBeCallableWith({ ...options, credentials: user })
    expect(ItemPathAuth.layer).type.not.toBeCallableWith({
      ...options,
      credentials: { ...user, applicationToken: secret }
    })
    expect(ItemPathAuth.layer).type.not.toBeCallableWith({
      ...options,
      credentials: { refreshToken: secret, applicationToken: secret }
    })
  })

  test("are whole: a name without a password is none", () => {
    expect(LogiSenseAuth.layer).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      clientId: "c",
      credentials: { username: "u" }
    })
    expect(LrsConnectAuth.layer).type.not.toBeCallableWith({ credentials: { userName: "u" } })
    expect(LrsConnectAuth.layer).type.not.toBeCallableWith({ credentials: {} })
  })
})

describe("layerConfig", () => {
  test("takes a Config for each field, plain values among them, and a plain policy", () => {
    expect(LogiSenseAuth.layerConfig).type.toBeCallableWith({
      baseUrl: Config.String("BASE_URL"),
      version: "v10",
      clientId: Config.String("ID"),
      credentials: { clientSecret: Config.Redacted("SECRET") },
      policy: { minimumLifetime: "10 seconds", onUnresolved: "report" }
    })
    expect(LogiSenseAuth.layerConfig).type.toBeCallableWith(LogiSenseAuth.config)
    expect(LogiSenseAuth.config).type.toBe<Config.Config<LogiSenseAuth.Options>>()
  })

  test("gives the vendor's layer, which may fail by a ConfigError too", () => {
    expect(LrsConnectAuth.layerConfig(LrsConnectAuth.config)).type.toBe<
      Layer.Layer<LrsConnectAuth.LrsConnectAuth, AuthError.AuthError | Config.ConfigError, HttpClient>
    >()
    expect(lrsConnect).type.toBe<Layer.Layer<LrsConnectAuth.LrsConnectAuth, AuthError.AuthError, HttpClient>>()
  })

  test("takes no plain text where a secret is due, nor another vendor's Config", () => {
    expect(LogiSenseAuth.layerConfig).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      clientId: "c",
      credentials: { clientSecret: Config.String("SECRET") }
    })
    expect(LogiSenseAuth.layerConfig).type.not.toBeCallableWith(ItemPathAuth.config)
    expect(LogiSenseAuth.layerConfig).type.not.toBeCallableWith({
      baseUrl: "https://x.test",
      clientId: "c",
      credentials: { clientSecret: secret },
      policy: { onUnresolved: "shrug" }
    })
  })
})
