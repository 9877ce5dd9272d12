/**
 * What is in a record comes back as it was.
 *
 * Decided here: the checks, field by field. Not here: what the fields mean (core's `Session`).
 */
import { assert, describe } from "@effect/vitest"
import type * as Session from "@vendor-auth/core/Session"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { type Check, clear, full, put } from "./StoreCheck.ts"

const secrets: ReadonlyArray<readonly [string, string]> = [
  ["of one character", "x"],
  ["of every visible ASCII character", Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).join("")],
  ["of 16,384 characters", "t".repeat(16_384)],
  ["with quotes, backslashes and line breaks", "'\"\\\r\n\t"],
  ["with a NUL", "a\0b"],
  ["in every script", "p\u00e4ss \u043f\u0430\u0440\u043e\u043b\u044c \u5bc6\u7801 \u{1f511}"],
  ["in decomposed letters", "e\u0301"],
  ["with half a character", "\ud83d"]
]

const token = (change: Partial<Session.Tokens>) => ({ tokens: { ...full().tokens!, ...change } })

const records: ReadonlyArray<readonly [string, Partial<Session.Session>]> = [
  ["everything at once", {}],
  ["no tokens", { tokens: null }],
  ["a token that never expires", token({ expiresAt: null })],
  ["a refresh token whose end nobody knows", token({ refreshEndsAt: null })],
  ["instants with fractions", token({ issuedAt: 1_795_547_808_596.25, expiresAt: 1_795_547_809_000.5 })],
  ["instants before 1970", token({ issuedAt: -1 })],
  ["details of nothing", token({ details: null })],
  ["details that are a text", token({ details: "plain" })],
  ["nested details", token({ details: { a: [1, { b: [true, null, ""] }], "": 1.5, "\u00e9": "\u{1f600}" } })],
  ["long details", token({ details: Array.from({ length: 1_000 }, (_, n) => `value ${n}`) })],
  ["no refresh token", { refreshToken: null }],
  ["no seeds", { seeds: [] }],
  ["many seeds, in their order", { seeds: Array.from({ length: 32 }, (_, n) => `seed ${31 - n}`) }],
  ["no intent", { intent: null }],
  ["a login's intent", { intent: { id: "login", kind: "login", deadline: 1.5, again: false } }],
  ["a refresh that presents again", { intent: { id: "again", kind: "refresh", deadline: 0, again: true } }],
  ["no last intent", { lastIntent: null }],
  ["a sign-out", { signedOut: 7, generation: 7 }],
  ["the largest generation", { generation: Number.MAX_SAFE_INTEGER }],
  ["no latch", { latches: {} }],
  ["a latch that is shut", { latches: { credential: { refused: true, proven: false, open: [] } } }],
  [
    "latches of several credentials, with open logins",
    {
      latches: {
        one: { refused: false, proven: false, open: ["a", "b"].map((id) => ({ id, deadline: 5 })) },
        two: { refused: true, proven: true, open: [] }
      }
    }
  ],
  ["no time to be refreshed", { dueAt: null }],
  ["a time with a fraction", { dueAt: 1_795_547_808_596.25 }],
  ["a time before 1970", { dueAt: -1 }],
  ["a time beyond every calendar", { dueAt: Number.MAX_VALUE }]
]

/** Runs these checks. */
export const run = (check: Check): void => {
  describe("a record comes back with", () => {
    for (const [what, difference] of records) {
      check(what, ({ account, other, store }) =>
        Effect.gen(function* () {
          yield* put(store, account, full(difference))
          assert.deepStrictEqual(clear((yield* store.read(account)).session), clear(full(difference)))
          assert.deepStrictEqual(clear((yield* other.read(account)).session), clear(full(difference)))
        })
      )
    }

    check("a vendor's name in any script", ({ account, store }) =>
      Effect.gen(function* () {
        const vendor = "Acm\u00e9 \u{1f600} 'quoted'"
        yield* put(store, account, full({ vendor }))
        assert.strictEqual((yield* store.read(account)).session!.vendor, vendor)
      })
    )
  })

  describe("a record comes back with a secret", () => {
    for (const [what, secret] of secrets) {
      check(what, ({ account, store }) =>
        Effect.gen(function* () {
          const kept = full({
            refreshToken: Redacted.make(secret),
            ...token({ access: Redacted.make(secret) })
          })
          yield* put(store, account, kept)
          assert.deepStrictEqual(clear((yield* store.read(account)).session), clear(kept))
        })
      )
    }

    check("that prints as nothing", ({ account, store }) =>
      Effect.gen(function* () {
        yield* put(store, account, full())
        const { session: read } = yield* store.read(account)
        assert.notMatch(JSON.stringify(read), /an access token|a refresh token/)
        assert.isTrue(Redacted.isRedacted(read!.refreshToken) && Redacted.isRedacted(read!.tokens!.access))
      })
    )
  })

  check("a record is replaced whole: what the next one does not have is gone", ({ account, store }) =>
    Effect.gen(function* () {
      yield* put(store, account, full())
      const bare = full({ tokens: null, refreshToken: null, seeds: [], intent: null, latches: {}, dueAt: null })
      yield* put(store, account, bare)
      assert.deepStrictEqual((yield* store.read(account)).session, bare)
    })
  )
}
