// What a spec may do with a vendor that it swapped, and where a store has to be given.
// Decided here: that a control of a vendor that was not swapped, and a layer that requires a store and has none, do not
// compile. Not here: what the controls do.
import * as AuthError from "@vendor-auth/core/AuthError"
import * as TokenStore from "@vendor-auth/core/TokenStore"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { TestAuth } from "@vendor-auth/testing"
import * as Effect from "effect/Effect"
import type { HttpClient } from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import { describe, expect, test } from "tstyche"

declare const vendor: Layer.Layer<LogiSenseAuth.LogiSenseAuth, AuthError.AuthError, HttpClient>
declare const http: Layer.Layer<HttpClient>
const tag = LogiSenseAuth.LogiSenseAuth
const runnable = (effect: Effect.Effect<unknown, unknown>) => effect

describe("TestAuth", () => {
  test("swaps one vendor, and needs nothing", () => {
    expect(TestAuth.layer(tag)).type.toBe<
      Layer.Layer<LogiSenseAuth.LogiSenseAuth | TestAuth.TestAuth<LogiSenseAuth.LogiSenseAuth>>
    >()
  })

  test("has controls for the vendor that was swapped", () => {
    runnable(Effect.provide(TestAuth.expire(tag), TestAuth.layer(tag)))
    runnable(Effect.provide(TestAuth.reject(tag), TestAuth.layer(tag)))
    runnable(Effect.provide(TestAuth.failNext(tag, new AuthError.Throttled({})), TestAuth.layer(tag)))
    runnable(Effect.provide(TestAuth.exchanges(tag), TestAuth.layer(tag)))
  })

  test("has no controls for one that was not", () => {
    const other = TestAuth.layer(ItemPathAuth.ItemPathAuth)
    // @ts-expect-error not assignable to type 'never'
    runnable(Effect.provide(TestAuth.expire(tag), other))
    // @ts-expect-error not assignable to type 'never'
    runnable(Effect.provide(TestAuth.reject(tag), other))
    // @ts-expect-error not assignable to type 'never'
    runnable(Effect.provide(TestAuth.failNext(tag, new AuthError.Throttled({})), other))
    // @ts-expect-error not assignable to type 'never'
    runnable(Effect.provide(TestAuth.exchanges(tag), other))
    expect<TestAuth.TestAuth<LogiSenseAuth.LogiSenseAuth>>().type.not.toBeAssignableTo<
      TestAuth.TestAuth<ItemPathAuth.ItemPathAuth>
    >()
  })

  test("fails by the closed set of reasons only", () => {
    expect(TestAuth.failNext).type.not.toBeCallableWith(tag, "Throttled")
    expect(TestAuth.failNext).type.not.toBeCallableWith(tag, new Error("no"))
  })

  test("sets up the vendor's own members, and no others", () => {
    expect(TestAuth.layer).type.toBeCallableWith(ItemPathAuth.ItemPathAuth, {
      extra: { createApplicationToken: Effect.die("not here") }
    })
    expect(TestAuth.layer).type.not.toBeCallableWith(ItemPathAuth.ItemPathAuth, { extra: { createToken: 1 } })
  })
})

describe("TestAuth for many accounts", () => {
  const many = LogiSenseAuth.Many

  test("swaps a vendor's accounts, and needs nothing", () => {
    expect(TestAuth.layerMany(many)).type.toBe<
      Layer.Layer<LogiSenseAuth.Many | TestAuth.TestAuth<LogiSenseAuth.Many>>
    >()
  })

  test("has each account's controls for the vendor that was swapped, and for no other", () => {
    const { exchanges, expire, failNext, reject } = TestAuth.of(many, "acme")
    const other = TestAuth.layerMany(ItemPathAuth.Many)
    for (const control of [exchanges, expire, failNext(new AuthError.Throttled({})), reject]) {
      runnable(Effect.provide(control, TestAuth.layerMany(many)))
      // @ts-expect-error not assignable to type 'never'
      runnable(Effect.provide(control, other))
      // @ts-expect-error not assignable to type 'never'
      runnable(Effect.provide(control, TestAuth.layer(tag)))
    }
  })

  test("does not take the tag of one account for that of many, nor the other way round", () => {
    expect(TestAuth.layerMany).type.not.toBeCallableWith(tag)
    expect(TestAuth.of).type.not.toBeCallableWith(tag, "acme")
    expect(TestAuth.layer).type.not.toBeCallableWith(many)
    expect(TestAuth.exchanges).type.not.toBeCallableWith(many)
    expect(TestAuth.expire).type.not.toBeCallableWith(many)
  })

  test("sets up what all accounts have, or each by its id, and members of the vendor only", () => {
    const extra = { createApplicationToken: Effect.die("not here") }
    expect(TestAuth.layerMany).type.toBeCallableWith(ItemPathAuth.Many, { api: "https://acme.test", extra })
    expect(TestAuth.layerMany).type.toBeCallableWith(ItemPathAuth.Many, (id: string) => ({ api: `https://${id}.test` }))
    expect(TestAuth.layerMany).type.not.toBeCallableWith(ItemPathAuth.Many, { extra: { createToken: 1 } })
    expect(TestAuth.layerMany).type.not.toBeCallableWith(ItemPathAuth.Many, { account: "acme" })
  })
})

describe("a store", () => {
  const required = TokenStore.required(vendor)

  test("that is required is named by the layer's type", () => {
    expect(required).type.toBe<
      Layer.Layer<LogiSenseAuth.LogiSenseAuth, AuthError.AuthError, HttpClient | TokenStore.TokenStore>
    >()
  })

  test("that is provided is enough; merged beside the vendor, or left out, it is a compile error", () => {
    const use = Effect.flatMap(tag, (auth) => auth.token)
    const given = required.pipe(Layer.provide(TokenStore.layerMemory), Layer.provide(http))
    runnable(Effect.provide(use, given))
    // @ts-expect-error 'TokenStore' is not assignable to type 'never'
    runnable(Effect.provide(use, required.pipe(Layer.provide(http))))
    // @ts-expect-error 'TokenStore' is not assignable to type 'never'
    runnable(Effect.provide(use, Layer.mergeAll(required, TokenStore.layerMemory).pipe(Layer.provide(http))))
  })
})
