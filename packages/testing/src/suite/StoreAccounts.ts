/**
 * Accounts with unusual names: whatever a name holds, it is one account, and no other one.
 *
 * Decided here: the checks. Not here: how a vendor names its accounts.
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Check, put, session } from "./StoreCheck.ts"

const long = "x".repeat(65_536)

/** Names that something between here and the disk could take for one. */
const pairs: ReadonlyArray<readonly [string, string, string]> = [
  ["upper and lower case", "robot", "Robot"],
  ["a space at the end", "robot", "robot "],
  ["a space at the beginning", "robot", " robot"],
  ["a line break at the end", "robot", "robot\n"],
  ["a NUL at the end", "robot", "robot\0"],
  ["what stands behind a NUL", "robot\0a", "robot\0b"],
  ["other control characters", "\u0001", "\u0002"],
  ["composed and decomposed letters", "\u00e9", "e\u0301"],
  ["letters that look alike", "a", "\u0430"],
  ["ligatures and their letters", "\ufb01", "fi"],
  ["sharp s and ss", "stra\u00dfe", "strasse"],
  ["dotted and dotless i", "I", "\u0130"],
  ["characters beyond the basic plane", "\u{1f600}", "\u{1f601}"],
  ["halves of such characters", "\ud83d", "\ud83e"],
  ["a half, and what replaces it", "\ud83d", "\ufffd"],
  ["a zero-width space", "robot", "ro\u200bbot"],
  ["a byte order mark", "robot", "\ufeffrobot"],
  ["nothing and a space", "", " "],
  ["where the colons stand", "a::b:c", "a:b::c"],
  ["digits", "1", "01"],
  ["numbers written in two ways", "1e3", "1000"],
  ["percent signs and what they stand for", "%61", "a"],
  ["wildcards", "rob%", "robot"],
  ["underscores", "r_bot", "robot"],
  ["backslashes", "robot\\", "robot\\\\"],
  ["quotes", "robot'", "robot''"],
  ["double quotes", 'robot"', 'robot""'],
  ["the last of 65,536 characters", `${long}a`, `${long}b`],
  ["65,536 characters and one more", long, `${long}x`]
]

/** Names that mean something to a language or a database. */
const words = ["", "__proto__", "constructor", "toString", "hasOwnProperty", "null", "undefined", "NaN", "0", "-1"]
const statements = ["'; DROP TABLE accounts; --", "$1", "?", ":account", "../../etc/passwd", '{"account":"x"}', "[]"]

/** Runs these checks. */
export const run = (check: Check): void => {
  describe("two accounts are told apart by", () => {
    for (const [what, left, right] of pairs) {
      check(what, ({ store }) =>
        Effect.gen(function* () {
          yield* put(store, left, session({ generation: 1 }))
          yield* put(store, right, session({ generation: 2 }))
          assert.strictEqual((yield* store.read(left)).session!.generation, 1)
          assert.strictEqual((yield* store.read(right)).session!.generation, 2)
        })
      )
    }
  })

  describe("an account may be called", () => {
    const each = (title: string, names: ReadonlyArray<string>) =>
      check(title, ({ other, store }) =>
        Effect.gen(function* () {
          for (const [n, name] of names.entries()) yield* put(store, name, session({ generation: n }))
          for (const [n, name] of names.entries()) {
            assert.strictEqual((yield* other.read(name)).session!.generation, n, JSON.stringify(name))
          }
        })
      )
    each("as properties of objects and values of languages are called", words)
    each("as parts of statements, parameters, paths and documents are written", statements)
  })

  check("an account's name is not cut: of 300 that begin alike each has its own record", ({ account, store }) =>
    Effect.gen(function* () {
      const names = Array.from({ length: 300 }, (_, n) => `${account}${"-".repeat(n)}`)
      for (const [n, name] of names.entries()) assert.isTrue(yield* store.write(name, 0, session({ generation: n })))
      for (const [n, name] of names.entries()) assert.strictEqual((yield* store.read(name)).session!.generation, n)
    })
  )
}
