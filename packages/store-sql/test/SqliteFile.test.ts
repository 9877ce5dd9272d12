// The file on the disk: its permissions, how it comes into being, and damage that is found when it is opened.
// Decided here: umasks are set in processes of their own. Not here: damage while it is open (`SqliteFaults.test.ts`).
import { assert, describe, it } from "@effect/vitest"
import type { AuthError } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import { dirname } from "node:path"
import { SqlTokenStore } from "../src/index.ts"
import * as SqliteFile from "../src/SqliteFile.ts"
import { filled, inFile, keys, openFile, rows, session } from "./Keys.ts"
import * as Processes from "./Processes.ts"

const mode = (path: string) => (Fs.statSync(path).mode & 0o7777).toString(8)

/** Why the store cannot be opened. */
const fault = (filename: string) => Effect.scoped(Effect.flip(openFile({ path: filename })))

const invalid = (error: AuthError.InvalidOptions | AuthError.StoreFailure) => {
  assert(error._tag === "InvalidOptions")
  assert.strictEqual(error.field, "filename")
  return error.problem
}

describe("H9: the file is its owner's alone", () => {
  for (const umask of ["000", "022", "077", "777"]) {
    it.live(`under umask ${umask}`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          const secret = Buffer.alloc(32, "any bytes will do ").toString("base64")
          const end = yield* Effect.promise(async () => {
            const child = Processes.start("increment", file.path, secret, "1", umask)
            child.go()
            return child.ended
          })
          assert.deepStrictEqual(end, { code: 0, complaint: "" })
          assert.strictEqual(mode(file.path), "600")
          assert.deepStrictEqual(Fs.readdirSync(dirname(file.path)), ["sessions.db"])
        })
      )
    )
  }

  it.effect("while it is open, with what SQLite keeps beside it", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const store = yield* openFile(file)
        yield* store.write("robot", 0, session("robot"))
        const names = Fs.readdirSync(dirname(file.path)).toSorted()
        assert.deepStrictEqual(names, ["sessions.db", "sessions.db-shm", "sessions.db-wal"])
        for (const name of names) assert.strictEqual(mode(`${dirname(file.path)}/${name}`), "600", name)
      }).pipe(Effect.scoped)
    )
  )

  it.effect("before it has its name: what others could open by it is whole", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const drafts: Array<string> = []
        yield* SqliteFile.prepare({ filename: file.path }, (draft) => {
          assert.isFalse(Fs.existsSync(file.path))
          assert.strictEqual(mode(draft), "600")
          Fs.writeFileSync(draft, "whole")
          drafts.push(draft)
        })
        assert.strictEqual(Fs.readFileSync(file.path, "utf8"), "whole")
        assert.deepStrictEqual(Fs.readdirSync(dirname(file.path)), ["sessions.db"])
        // Another process was faster: its file stays.
        yield* SqliteFile.prepare({ filename: `${file.path}2` }, (draft) => {
          Fs.writeFileSync(`${file.path}2`, "another's", { mode: 0o600 })
          Fs.writeFileSync(draft, "mine")
        })
        assert.strictEqual(Fs.readFileSync(`${file.path}2`, "utf8"), "another's")
        assert.strictEqual(drafts.length, 1)
      })
    )
  )

  for (const open of [0o644, 0o640, 0o604, 0o660, 0o606, 0o620, 0o602, 0o610]) {
    it.effect(`a file of mode 0${open.toString(8)} is refused, and left as it is`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          yield* filled(file)
          Fs.chmodSync(file.path, open)
          assert.match(
            invalid(yield* fault(file.path)),
            new RegExp(`open to others .mode 0${open.toString(8)}: .chmod`)
          )
          assert.strictEqual(mode(file.path), open.toString(8))
        })
      )
    )
  }

  for (const open of [0o777, 0o1777, 0o775, 0o702]) {
    it.effect(`a folder of mode 0${open.toString(8)} is refused, and nothing is made in it`, () =>
      inFile((file) =>
        Effect.gen(function* () {
          Fs.chmodSync(dirname(file.path), open)
          assert.match(invalid(yield* fault(file.path)), /folder that others can write to/)
          assert.deepStrictEqual(Fs.readdirSync(dirname(file.path)), [])
        })
      )
    )
  }

  it.effect("a folder that others may only read will do", () =>
    inFile((file) =>
      Effect.gen(function* () {
        Fs.chmodSync(dirname(file.path), 0o755)
        yield* Effect.scoped(openFile(file))
      })
    )
  )

  it.effect("both are closed to others where that is asked for", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* filled(file)
        Fs.chmodSync(file.path, 0o666)
        Fs.chmodSync(dirname(file.path), 0o1777)
        const fixed = SqlTokenStore.layerSqlite({ filename: file.path, keys, permissions: "fix" })
        yield* Effect.provide(Effect.void, fixed)
        assert.strictEqual(mode(file.path), "600")
        assert.strictEqual(mode(dirname(file.path)), "1755")
        assert.strictEqual(rows(file).length, 2)
      })
    )
  )
})

describe("a file name", () => {
  for (const name of ["", " ", ":memory:", "file:sessions.db?mode=memory"]) {
    it.effect(`is not ${JSON.stringify(name)}`, () =>
      Effect.map(fault(name), (error) => assert.match(invalid(error), /is no path/))
    )
  }

  it.effect("is in a folder that exists", () =>
    inFile((file) =>
      Effect.map(fault(`${dirname(file.path)}/none/sessions.db`), (error) =>
        assert.match(invalid(error), /folder that does not exist/)
      )
    )
  )

  it.effect("may be that of a folder: then nothing can be opened", () =>
    inFile((file) =>
      Effect.gen(function* () {
        Fs.mkdirSync(file.path, { mode: 0o700 })
        assert.strictEqual((yield* fault(file.path))._tag, "StoreFailure")
      })
    )
  )
})

describe("H4: damage is found, told as Corrupt, and nothing is written over it", () => {
  const damages: ReadonlyArray<readonly [string, (bytes: Buffer) => Buffer]> = [
    ["a file of no bytes", () => Buffer.alloc(0)],
    ["random bytes", (bytes) => Buffer.from(crypto.getRandomValues(new Uint8Array(bytes.length)))],
    ["a file of zeros", (bytes) => Buffer.alloc(bytes.length)],
    ["a text", () => Buffer.from("this is no database\n".repeat(100))],
    ["half of its pages", (bytes) => bytes.subarray(0, Math.floor(bytes.length / 8192) * 4096)],
    ["a cut in a page", (bytes) => bytes.subarray(0, 5_000)],
    ["the header alone", (bytes) => bytes.subarray(0, 100)],
    ["pages that are overwritten", (bytes) => Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(12_288, 0xa5)])]
  ]
  for (const [what, damage] of damages) {
    it.effect(what, () =>
      inFile((file) =>
        Effect.gen(function* () {
          yield* filled(file)
          const damaged = damage(Fs.readFileSync(file.path))
          Fs.writeFileSync(file.path, damaged)
          const used = Effect.gen(function* () {
            const store = yield* openFile(file)
            yield* store.read("robot")
            yield* store.due("Acme", 10)
            yield* store.write("robot", 1, session("robot"))
          }).pipe(Effect.scoped, Effect.flip)
          for (let time = 0; time < 3; time++) {
            const error = yield* used
            assert(error._tag === "StoreFailure")
            assert.strictEqual(error.problem, "Corrupt", error.message)
          }
          assert.isTrue(Fs.readFileSync(file.path).equals(damaged))
        })
      )
    )
  }
})
