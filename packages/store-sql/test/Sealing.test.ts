// Sessions at rest: what is in the file, what opens it, and what is refused.
// Decided here: the rows are changed by hand, as somebody who may write to the database would. Not here: rotation
// (`Rotation.test.ts`), who may open the file at all (`SqliteFile.test.ts`).
import { assert, describe, it } from "@effect/vitest"
import { AuthError, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createDecipheriv, hkdfSync } from "node:crypto"
import { inspect } from "node:util"
import { SqlTokenStore } from "../src/index.ts"
import * as Sealing from "../src/Sealing.ts"
import { failure, filled, inFile, key, keys, openFile, rows, secrets, session, patience, times } from "./Keys.ts"

describe("I8: at rest", () => {
  it.effect(
    "neither a secret, its fingerprint nor the account's name stands in the file, its log, or any encoding of them",
    () =>
      inFile((file) =>
        Effect.gen(function* () {
          yield* filled(file)
          const bytes = file.bytes()
          const found = secrets.flatMap((secret) =>
            [secret, Buffer.from(secret).toString("base64"), Buffer.from(secret).toString("hex")].filter((text) =>
              bytes.includes(text)
            )
          )
          assert.deepStrictEqual(found, [])
          assert.isTrue(bytes.includes("vendor_auth_sessions"))
        })
      )
  )

  it.effect("they do where plaintext was asked for by its name, so that the search is worth something", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file, "storeSecretsInPlaintext")
        for (const secret of secrets) assert.isTrue(file.bytes().includes(secret), secret)
      })
    )
  )

  it.effect(
    "H8: a nonce is 96 bits and never comes again",
    () =>
      Effect.gen(function* () {
        const { seal } = yield* Sealing.make(keys)
        const amount = times(1_000_000, 100)
        const nonces = new Set<string>()
        for (let n = 0; n < amount; n++) {
          const { record } = yield* seal("account", "text")
          nonces.add(Buffer.from(record, "base64").subarray(0, 12).toString("hex"))
        }
        assert.strictEqual(nonces.size, amount)
      }).pipe(Effect.provide(Sealing.layerCrypto)),
    patience
  )

  it.effect(
    "each account's records are sealed with a key of its own, which anyone with the configured one can derive",
    () =>
      Effect.gen(function* () {
        const { open, seal } = yield* Sealing.make(keys)
        const sealed = yield* seal("one", "text")
        assert.strictEqual(yield* open("one", sealed), "text")
        assert.strictEqual((yield* Effect.flip(open("two", sealed))).problem, "Undecryptable")

        // By Node's own functions: HKDF-SHA-256, AES-256-GCM, the nonce first and the tag last.
        const purpose = "@vendor-auth/store-sql/session"
        const configured = Redacted.value(keys.keys["test"]!)
        const derived = hkdfSync("sha256", configured, "", JSON.stringify([purpose, "one"]), 32)
        const bytes = Buffer.from(sealed.record, "base64")
        const decipher = createDecipheriv("aes-256-gcm", Buffer.from(derived), bytes.subarray(0, 12))
        decipher.setAAD(Buffer.from(JSON.stringify([purpose, 1, "test", "one"])))
        decipher.setAuthTag(bytes.subarray(-16))
        assert.strictEqual(decipher.update(bytes.subarray(12, -16), undefined, "utf8") + decipher.final("utf8"), "text")
      }).pipe(Effect.provide(Sealing.layerCrypto))
  )
})

describe("H4, H6: a record that somebody changed is refused, and left as it is", () => {
  const refused = (title: string, change: string, problem: AuthError.StoreFailure["problem"], words: RegExp) =>
    it.effect(title, () =>
      inFile((file) =>
        Effect.gen(function* () {
          yield* filled(file)
          file.sql(change)
          const before = rows(file)
          const error = yield* failure(file, "robot")
          assert.strictEqual(error.problem, problem)
          assert.match(error.message, words)
          assert.deepStrictEqual(rows(file), before)
        })
      )
    )
  const own = "WHERE account = 'robot'"
  refused(
    "another account's record",
    `UPDATE sessions SET record = (SELECT record FROM sessions WHERE account = 'guest') ${own}`,
    "Undecryptable",
    /does not open with key "test"/
  )
  refused("another key's id", `UPDATE sessions SET key_id = 'second' ${own}`, "Undecryptable", /with key "second"/)
  refused("an older format", `UPDATE sessions SET format = 0 ${own}`, "Undecryptable", /does not open/)
  refused("no base64", `UPDATE sessions SET record = '%%%' ${own}`, "Corrupt", /base64/)
  refused("nothing", `UPDATE sessions SET record = '' ${own}`, "Corrupt", /base64/)
  refused(
    "a record that was cut",
    `UPDATE sessions SET record = substr(record, 1, 400) ${own}`,
    "Undecryptable",
    /does not open/
  )
  refused(
    "H7: plaintext",
    `UPDATE sessions SET key_id = NULL, record = '{"account":"robot","session":{}}' ${own}`,
    "Undecryptable",
    /in plaintext/
  )
  refused(
    "H5: a key that nobody knows",
    `UPDATE sessions SET key_id = 'lost' ${own}`,
    "Undecryptable",
    /key "lost" is not among the keys/
  )
  refused("G9: a newer format", `UPDATE sessions SET format = 2 ${own}`, "NewerVersion", /format is 2/)

  it.effect("a flipped bit, wherever it is", () =>
    Effect.gen(function* () {
      const { open, seal } = yield* Sealing.make(keys)
      const sealed = yield* seal("one", "a session of some words")
      const bytes = Buffer.from(sealed.record, "base64")
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes)
        flipped[bit >> 3]! ^= 1 << (bit & 7)
        const error = yield* Effect.flip(open("one", { ...sealed, record: flipped.toString("base64") }))
        assert.strictEqual(error.problem, "Undecryptable")
      }
      assert.strictEqual(yield* open("one", sealed), "a session of some words")
    }).pipe(Effect.provide(Sealing.layerCrypto))
  )

  it.effect("a sealed record where plaintext is configured", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file)
        const error = yield* failure(file, "robot", "storeSecretsInPlaintext")
        assert.match(error.message, /sealed with key "test" and no keys are set/)
      })
    )
  )

  it.effect("H12: another account's record in plaintext, which no key gives away", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file, "storeSecretsInPlaintext")
        file.sql("UPDATE sessions SET record = (SELECT record FROM sessions WHERE account = 'guest')")
        const error = yield* failure(file, "robot", "storeSecretsInPlaintext")
        assert.strictEqual(error.problem, "Corrupt")
        assert.match(error.message, /another account's/)
      })
    )
  )

  it.effect("plaintext that is no session, and nothing of it is told", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file, "storeSecretsInPlaintext")
        for (const record of ["", "{", "null", '{"account":"robot","session":{"vendor":"canary-9"}}', "canary-9"]) {
          file.sql(`UPDATE sessions SET record = '${record}' WHERE account = 'robot'`)
          const error = yield* failure(file, "robot", "storeSecretsInPlaintext")
          assert.strictEqual(error.problem, "Corrupt")
          assert.notInclude(inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error), "canary-9")
        }
      })
    )
  )

  it.effect("in the list of what is due the other accounts come all the same", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file)
        file.sql("UPDATE sessions SET record = 'x' WHERE account = 'robot'")
        yield* openFile(file).pipe(
          Effect.flatMap((store) => store.due("Acme", 1)),
          Effect.map((due) => assert.deepStrictEqual(due, ["guest"])),
          Effect.scoped
        )
      })
    )
  )

  it.effect("a change of the columns beside the record does not change what is read", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file)
        file.sql("UPDATE sessions SET vendor = 'Other', generation = 99, due_at = 0, intent_kind = 'login'")
        const store = yield* openFile(file)
        assert.deepStrictEqual((yield* store.read("robot")).session, session("robot"))
        assert.deepStrictEqual(yield* store.due("Other", 10), [])
      }).pipe(Effect.scoped)
    )
  )
})

describe("keys that cannot be used are refused when the layer is built, by the field's name", () => {
  const short = Redacted.make(new Uint8Array(16).map((_, n) => n * 7))
  const none = Redacted.make(new Uint8Array(32))
  const cases: ReadonlyArray<readonly [string, unknown, string, RegExp]> = [
    ["a current one that is not there", { current: "b", keys: { a: key() } }, "keys.current", /names none/],
    ["none at all", { current: "a", keys: {} }, "keys.current", /names none/],
    ["one by a word of the language", { current: "constructor", keys: { a: key() } }, "keys.current", /names none/],
    ["a short one", { current: "a", keys: { a: short } }, 'keys.keys["a"]', /32 random bytes, and has 16/],
    ["a short one that is not current", { current: "a", keys: { a: key(), b: short } }, 'keys.keys["b"]', /has 16/],
    ["zeros", { current: "a", keys: { a: none } }, 'keys.keys["a"]', /not random/],
    ["a text", { current: "a", keys: { a: Redacted.make("x".repeat(32)) } }, 'keys.keys["a"]', /no Redacted/],
    ["bare bytes", { current: "a", keys: { a: new Uint8Array(32) } }, 'keys.keys["a"]', /no Redacted/],
    ["an id with a space", { current: "a b", keys: { "a b": key() } }, 'keys.keys["a b"]', /has an id/],
    ["an empty id", { current: "", keys: { "": key() } }, 'keys.keys[""]', /has an id/]
  ]
  for (const [what, wrong, field, words] of cases) {
    it.effect(what, () =>
      inFile((file) =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(openFile(file, wrong as SqlTokenStore.Keys))
          assert(error._tag === "InvalidOptions")
          assert.strictEqual(error.field, field)
          assert.match(error.problem, words)
        }).pipe(Effect.scoped)
      )
    )
  }

  it.effect("and no store comes of it: what asks for one fails too", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const layer = SqlTokenStore.layerSqlite({ filename: file.path, keys: { current: "a", keys: {} } })
        const used = Effect.flatMap(TokenStore.TokenStore, (store) => store.read("a")).pipe(Effect.provide(layer))
        assert.strictEqual((yield* Effect.flip(used))._tag, "InvalidOptions")
      })
    )
  )
})
