// Keys are changed while everything runs: any known key opens, the current one seals, and a sweep does the rest.
// Decided here: each process is a layer with keys of its own over one file. Not here: what sealing refuses
// (`Sealing.test.ts`).
import { assert, describe, it } from "@effect/vitest"
import { TokenStore } from "@vendor-auth/core"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { SqlTokenStore } from "../src/index.ts"
import { type File, inFile, key, session } from "./Keys.ts"

const all = { old: key(), next: key(), last: key() }
const before: SqlTokenStore.Keys = { current: "old", keys: { old: all.old } }
const during: SqlTokenStore.Keys = { current: "next", keys: { old: all.old, next: all.next } }
const after: SqlTokenStore.Keys = { current: "next", keys: { next: all.next } }

/** A process: its store, and what its operator has. */
const start = (file: File, keys: SqlTokenStore.KeyOption) =>
  Effect.map(Layer.build(Layer.fresh(SqlTokenStore.layerSqlite({ filename: file.path, keys }))), (context) => ({
    ...Context.get(context, TokenStore.TokenStore),
    ...Context.get(context, SqlTokenStore.SqlTokenStore)
  }))

describe("H5: a rotation of keys", () => {
  it.effect("the old key opens, the new one seals, and the rows of each are counted", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const old = yield* start(file, before)
        for (const account of ["robot", "guest", "third"]) yield* old.write(account, 0, session(account))
        const rolling = yield* start(file, during)
        assert.deepStrictEqual((yield* rolling.read("robot")).session, session("robot"))
        assert.isTrue(yield* rolling.write("robot", 1, session("robot")))
        assert.deepStrictEqual(yield* rolling.keyUsage, [
          { keyId: "next", rows: 1 },
          { keyId: "old", rows: 2 }
        ])
      }).pipe(Effect.scoped)
    )
  )

  it.effect("a process that has not got the new key yet fails typed, and works with it", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* (yield* start(file, during)).write("robot", 0, session("robot"))
        const error = yield* Effect.flip((yield* start(file, before)).read("robot"))
        assert.match(error.message, /Undecryptable: the record's key "next" is not among the keys/)
        const known = yield* start(file, { current: "old", keys: during.keys })
        assert.strictEqual((yield* known.read("robot")).version, 1)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("a sweep seals all the others anew, and then the old key can go", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const old = yield* start(file, before)
        const accounts = Array.from({ length: 450 }, (_, n) => `account ${n}`)
        for (const account of accounts) yield* old.write(account, 0, session(account))
        const rolling = yield* start(file, during)
        assert.deepStrictEqual(yield* rolling.sweep, { resealed: 450, unreadable: {} })
        assert.deepStrictEqual(yield* rolling.keyUsage, [{ keyId: "next", rows: 450 }])
        assert.deepStrictEqual(yield* rolling.sweep, { resealed: 0, unreadable: {} })
        const done = yield* start(file, after)
        for (const account of accounts) assert.deepStrictEqual((yield* done.read(account)).session, session(account))
      }).pipe(Effect.scoped)
    )
  )

  it.effect("a sweep is a write like any other: it moves the version, and a step that was read before it is lost", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const old = yield* start(file, before)
        yield* old.write("robot", 0, session("robot"))
        const { version } = yield* old.read("robot")
        const rolling = yield* start(file, during)
        yield* rolling.sweep
        assert.isFalse(yield* rolling.write("robot", version, session("robot")))
        assert.strictEqual((yield* rolling.read("robot")).version, version + 1)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("beside writers a sweep loses none of their writes", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const old = yield* start(file, before)
        const rolling = yield* start(file, during)
        const accounts = ["a", "b", "c", "d"]
        for (const account of accounts) yield* old.write(account, 0, session(account))
        const write = (account: string) =>
          Effect.gen(function* () {
            for (let n = 0; n < 25; n++) {
              // The old replica cannot read what was swept; it writes as it read before.
              const store = n % 3 === 0 ? old : rolling
              const row = yield* rolling.read(account)
              const next = { ...row.session!, generation: row.session!.generation + 1 }
              if (!(yield* store.write(account, row.version, next))) n--
              yield* Effect.yieldNow
            }
          })
        const sweeps = Effect.repeat(rolling.sweep, { times: 20 })
        yield* Effect.all([...accounts.map(write), sweeps], { concurrency: "unbounded" })
        for (const account of accounts) {
          assert.strictEqual((yield* rolling.read(account)).session!.generation, 28)
        }
        yield* rolling.sweep
        assert.deepStrictEqual(yield* rolling.keyUsage, [{ keyId: "next", rows: 4 }])
      }).pipe(Effect.scoped)
    )
  )

  it.effect("what a sweep cannot open it counts by reason, and leaves", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* (yield* start(file, { current: "lost", keys: { lost: key() } })).write("robot", 0, session("robot"))
        yield* (yield* start(file, "storeSecretsInPlaintext")).write("guest", 0, session("guest"))
        yield* (yield* start(file, before)).write("third", 0, session("third"))
        const { keyUsage, sweep } = yield* start(file, during)
        assert.deepStrictEqual(yield* sweep, {
          resealed: 1,
          unreadable: {
            'the record\'s key "lost" is not among the keys': 1,
            "the record is in plaintext, which is not read where keys are set": 1
          }
        })
        assert.deepStrictEqual(
          (yield* keyUsage).toSorted((a, b) => String(a.keyId).localeCompare(String(b.keyId))),
          [
            { keyId: "lost", rows: 1 },
            { keyId: "next", rows: 1 },
            { keyId: null, rows: 1 }
          ]
        )
      }).pipe(Effect.scoped)
    )
  )

  it.effect("where plaintext is configured a sweep changes nothing", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* (yield* start(file, before)).write("robot", 0, session("robot"))
        assert.deepStrictEqual(yield* (yield* start(file, "storeSecretsInPlaintext")).sweep, {
          resealed: 0,
          unreadable: {}
        })
      }).pipe(Effect.scoped)
    )
  )
})

describe("keys from the environment", () => {
  const read = (text: string) => SqlTokenStore.keysConfig.parse(ConfigProvider.fromUnknown({ VENDOR_AUTH_KEYS: text }))
  const base64 = (bytes: Redacted.Redacted<Uint8Array>) => Buffer.from(Redacted.value(bytes)).toString("base64")

  it.effect("are pairs of id and base64; the first one seals", () =>
    Effect.gen(function* () {
      const found = yield* read(`next:${base64(all.next)}, old:${base64(all.old)}`)
      assert.strictEqual(found.current, "next")
      assert.deepStrictEqual(Object.keys(found.keys), ["next", "old"])
      assert.deepStrictEqual(Redacted.value(found.keys["old"]!), Redacted.value(all.old))
      assert.notInclude(JSON.stringify(found), base64(all.old))
    })
  )

  it.effect("open a store, with its file's name from there too", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* (yield* start(file, before)).write("robot", 0, session("robot"))
        const layer = SqlTokenStore.layerSqliteConfig({
          filename: Config.String("SESSIONS"),
          keys: SqlTokenStore.keysConfig
        })
        const row = yield* Effect.flatMap(TokenStore.TokenStore, (store) => store.read("robot")).pipe(
          Effect.provide(layer),
          Effect.provide(
            ConfigProvider.layer(
              ConfigProvider.fromUnknown({ SESSIONS: file.path, VENDOR_AUTH_KEYS: `old:${base64(all.old)}` })
            )
          )
        )
        assert.deepStrictEqual(row.session, session("robot"))
      }).pipe(Effect.scoped)
    )
  )

  for (const [what, text, field] of [
    ["no base64", "old:%%%", 'keys.keys["old"]'],
    ["no key", "old", 'keys.keys["old"]'],
    ["nothing", " ", 'keys.keys[""]'],
    ["a password", "old:correcthorse", 'keys.keys["old"]']
  ] as const) {
    it.effect(`of ${what} are refused by their id when the layer is built, and not quoted`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(start(file, yield* read(text)))
          assert(error._tag === "InvalidOptions")
          assert.strictEqual(error.field, field)
          assert.notInclude(JSON.stringify(error) + error.message, "correcthorse")
        }).pipe(Effect.scoped)
      )
    )
  }
})
