/**
 * Fingerprints: one digest wherever it is made, and no turn of the event loop where it can be had at once, since a spec's
 * `TestClock` goes on in the meantime.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { Hex } from "effect/encoding"
import { vi } from "vitest"
import * as Secret from "../src/Secret.ts"

const parts = ["test/Acme", Redacted.make('p&s=%\u0000"\ud83d\udd11\ud800'), "ümlaut"]
const encoded = JSON.stringify(["test/Acme", 'p&s=%\u0000"\ud83d\udd11\ud800', "ümlaut"])

const byWebCrypto = Effect.promise(async () =>
  Hex.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(encoded))))
)

describe("a fingerprint", () => {
  it.effect("is the SHA-256 of the parts, and is had at once", () =>
    Effect.gen(function* () {
      assert.strictEqual(Effect.runSync(Secret.fingerprint(parts)), yield* byWebCrypto)
    })
  )

  it.effect("is the same where only Web Crypto is there", () =>
    Effect.gen(function* () {
      const missing = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined)
      vi.resetModules()
      const { fingerprint } = yield* Effect.promise(() => import("../src/Secret.ts"))
      missing.mockRestore()
      assert.strictEqual((yield* Effect.exit(Effect.sync(() => Effect.runSync(fingerprint(parts)))))._tag, "Failure")
      assert.strictEqual(yield* fingerprint(parts), yield* byWebCrypto)
    })
  )
})
