/**
 * What a user sees: calls of the API that heal, and a status to watch.
 *
 * Decided here: the sentences. Not here: how one is set up (`Sentence`), states and exchanges (their own files).
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Simulator from "../Simulator.ts"
import type { Sentences } from "./Sentence.ts"

/** Runs these sentences for a vendor. */
export const run = <Self, S extends Simulator.Simulator>(sentences: Sentences<Self, S>): void => {
  const { requests, sentence, settle, vendor } = sentences

  describe("calls of the API", () => {
    sentence("carry a token that the vendor accepts", (_, simulator) =>
      Effect.gen(function* () {
        const client = yield* vendor.httpClient
        assert.strictEqual((yield* client.get(simulator.origin + simulator.resource)).status, 200)
      })
    )

    sentence("500 that meet a 401 together cause one refresh, and all succeed", (auth, simulator) =>
      Effect.gen(function* () {
        const client = yield* vendor.httpClient
        yield* auth.token
        yield* simulator.revokeAccessTokens
        const call = client.get(simulator.origin + simulator.resource)
        const answers = yield* Effect.all(
          Array.from({ length: 500 }, () => call),
          { concurrency: "unbounded" }
        )
        assert.isTrue(answers.every(({ status }) => status === 200))
        assert.deepStrictEqual(yield* requests(simulator), { logins: 1, refreshes: 1 })
        assert.isAtMost(yield* simulator.count("api"), 1_000)
      })
    )

    sentence("are not sent when no token can be had", (_, simulator) =>
      Effect.gen(function* () {
        const client = yield* vendor.httpClient
        yield* simulator.setPassword(Redacted.make("another"))
        const error = yield* Effect.flip(client.get(simulator.origin + simulator.resource))
        assert.strictEqual(error._tag, "AuthError")
        assert.strictEqual(yield* simulator.count("api"), 0)
      })
    )
  })

  describe("watching", () => {
    sentence("`changes` tells the current status, then each change of state", (auth, simulator) =>
      Effect.gen(function* () {
        const watcher = yield* auth.changes.pipe(
          Stream.map((status) => status._tag),
          Stream.take(5),
          Stream.runCollect,
          Effect.forkChild({ startImmediately: true })
        )
        yield* settle
        const first = yield* auth.token
        yield* settle
        yield* auth.invalidate(first)
        yield* settle
        yield* simulator.failNext(Simulator.answer(500))
        yield* Effect.flip(auth.token)
        yield* settle
        yield* auth.refresh
        assert.deepStrictEqual(yield* Fiber.join(watcher), ["SignedOut", "Fresh", "Expired", "BackingOff", "Fresh"])
      })
    )
  })
}
