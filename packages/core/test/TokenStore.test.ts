// The register in memory, and the layer that insists on a store. Every store owes what `describe("a register")` says.
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import * as Session from "../src/Session.ts"
import * as TokenStore from "../src/TokenStore.ts"

const session = (change: Partial<Session.Session> = {}): Session.Session => ({ ...Session.empty("Acme"), ...change })

describe("a register", () => {
  it.effect("gives version 0 and no session for an account that was never written", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      assert.deepStrictEqual(yield* store.read("a"), { version: 0, session: undefined, now: 0 })
    })
  )

  it.effect("gives the store's time", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* store.read("a")).now, 3_600_000)
    })
  )

  it.effect("takes a write at the version that was read, and moves the version", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      assert.isTrue(yield* store.write("a", 0, session({ generation: 1 })))
      const row = yield* store.read("a")
      assert.strictEqual(row.version, 1)
      assert.deepStrictEqual(row.session, session({ generation: 1 }))
      assert.isTrue(yield* store.write("a", 1, session({ generation: 2 })))
      assert.strictEqual((yield* store.read("a")).version, 2)
    })
  )

  it.effect("refuses any other version, and nothing changes", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      yield* store.write("a", 0, session({ generation: 1 }))
      yield* store.write("a", 1, session({ generation: 2 }))
      for (const version of [0, 1, 3, -1, NaN]) {
        assert.isFalse(yield* store.write("a", version, session({ generation: 9 })))
      }
      assert.isFalse(yield* store.write("b", 1, session()))
      const row = yield* store.read("a")
      assert.strictEqual(row.version, 2)
      assert.strictEqual(row.session!.generation, 2)
    })
  )

  it.effect("lets one of 100 writers at the same version win", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const won = yield* Effect.all(
        Array.from({ length: 100 }, (_, n) => store.write("a", 0, session({ generation: n }))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(won.filter(Boolean).length, 1)
      assert.strictEqual((yield* store.read("a")).session!.generation, won.indexOf(true))
    })
  )

  it.effect("never restarts a version: a sign-out is one more write", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      for (let version = 0; version < 10; version++) {
        const { session: now = session() } = yield* store.read("a")
        assert.isTrue(yield* store.write("a", version, Session.signOut(now, "once")))
      }
      const row = yield* store.read("a")
      assert.strictEqual(row.version, 10)
      assert.strictEqual(row.session!.generation, 10)
    })
  )

  it.effect("keeps accounts apart, whatever their names", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const names = ["a", "A", "a ", "", "__proto__", "constructor", "a::b", "e\u0301", "\u00e9", "x".repeat(65_536)]
      for (const [n, name] of names.entries()) assert.isTrue(yield* store.write(name, 0, session({ generation: n })))
      for (const [n, name] of names.entries()) assert.strictEqual((yield* store.read(name)).session!.generation, n)
    })
  )

  it.effect("lists the accounts that are due, the longest overdue first, of one vendor, at most so many", () =>
    Effect.gen(function* () {
      const store = yield* TokenStore.makeMemory
      const rows: ReadonlyArray<readonly [string, number | null, string]> = [
        ["third", 300, "Acme"],
        ["first", 100, "Acme"],
        ["never", null, "Acme"],
        ["second", 200, "Acme"],
        ["later", 1_001, "Acme"],
        ["just", 1_000, "Acme"],
        ["other", 50, "Other"]
      ]
      for (const [name, dueAt, vendor] of rows) yield* store.write(name, 0, session({ dueAt, vendor }))
      assert.deepStrictEqual(yield* store.due("Acme", 10), [])
      yield* TestClock.setTime(1_000)
      assert.deepStrictEqual(yield* store.due("Acme", 10), ["first", "second", "third", "just"])
      assert.deepStrictEqual(yield* store.due("Acme", 2), ["first", "second"])
      assert.deepStrictEqual(yield* store.due("Acme", 0), [])
      assert.deepStrictEqual(yield* store.due("Other", 10), ["other"])
      assert.deepStrictEqual(yield* store.due("Nobody", 10), [])
    })
  )

  it.effect("in memory does not last", () =>
    Effect.gen(function* () {
      assert.isFalse((yield* TokenStore.makeMemory).isLasting)
    })
  )
})

describe("the store that was provided, or a memory", () => {
  it.effect("is emptied when the scope closes, if it is a memory", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const store = yield* Scope.provide(TokenStore.orMemory, scope)
      yield* store.write("a", 0, session())
      assert.strictEqual((yield* store.read("a")).version, 1)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* store.read("a"), { version: 0, session: undefined, now: 0 })
    })
  )

  it.effect("is left as it is, if it was provided", () =>
    Effect.gen(function* () {
      const given = yield* TokenStore.makeMemory
      const store = yield* Effect.scoped(TokenStore.orMemory).pipe(Effect.provideService(TokenStore.TokenStore, given))
      assert.strictEqual(store, given)
      yield* store.write("a", 0, session())
      assert.strictEqual((yield* given.read("a")).version, 1)
    })
  )
})

describe("layers", () => {
  class Vendor extends Context.Service<Vendor, { readonly store: TokenStore.TokenStore["Service"] | undefined }>()(
    "test/Vendor"
  ) {}

  /** As a vendor's layer does it: the store is optional. */
  const vendor = Layer.effect(
    Vendor,
    Effect.map(Effect.serviceOption(TokenStore.TokenStore), (store) => ({ store: Option.getOrUndefined(store) }))
  )
  const storeOf = (context: Context.Context<Vendor>) => Context.get(context, Vendor).store

  it.effect("two built from `layerMemory` share nothing unless the layer is the same build", () =>
    Effect.gen(function* () {
      const build = Layer.build(TokenStore.layerMemory)
      const [a, b] = [
        Context.get(yield* build, TokenStore.TokenStore),
        Context.get(yield* Effect.scoped(Layer.build(Layer.fresh(TokenStore.layerMemory))), TokenStore.TokenStore)
      ]
      yield* a.write("a", 0, session())
      assert.strictEqual((yield* b.read("a")).version, 0)
    })
  )

  it.effect("`required` gives the store that is provided to the layer", () =>
    Effect.gen(function* () {
      const memory = yield* TokenStore.makeMemory
      const layer = Layer.provide(TokenStore.required(vendor), Layer.succeed(TokenStore.TokenStore, memory))
      assert.strictEqual(storeOf(yield* Layer.build(layer)), memory)
    })
  )

  it.effect("a store that is merged beside a vendor is ignored, which `required` turns into a compile error", () =>
    Effect.gen(function* () {
      const merged = Layer.mergeAll(vendor, TokenStore.layerMemory)
      assert.isUndefined(storeOf(yield* Layer.build(merged)))
      const required = Layer.mergeAll(TokenStore.required(vendor), TokenStore.layerMemory)
      // @ts-expect-error the store stands beside the layer that needs it
      const exit: Effect.Effect<unknown> = Effect.scoped(Effect.exit(Layer.build(required)))
      assert.strictEqual(((yield* exit) as { readonly _tag: string })._tag, "Failure")
    })
  )
})
