// The shared record, rule by rule: pure steps, taken by hand in every order that matters. What runs them is tested in
// TokenEngineShared.test.ts.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Session from "../src/Session.ts"
import { begin, clear, credential, deadline, empty, given, login, next, one, refresh, stale } from "./SessionRecords.ts"

describe("1. version and generation never restart", () => {
  it("each commit and each sign-out makes the generation one more", () => {
    const generations = [empty.generation, one.generation]
    let session = Session.signOut(one, "once")
    generations.push(session.generation)
    session = Session.commit(begin(session, login("second")), login("second"), given("two"))!
    generations.push(session.generation)
    session = Session.commit(begin(session, refresh("third")), refresh("third"), given("three"))!
    generations.push(session.generation)
    assert.deepStrictEqual(generations, [0, 1, 2, 3, 4])
  })

  it("no other step moves it", () => {
    for (const outcome of ["Kept", "Refused", "Unknown"] as const) {
      const released = Session.release(begin(one, login("a")), login("a"), outcome)
      assert.strictEqual(released.generation, one.generation)
    }
    assert.strictEqual(begin(one, refresh("a")).generation, one.generation)
  })
})

describe("2. `begin(login)` removes the refresh token in the same write, and no release brings it back", () => {
  it("the intent of a login stands beside no refresh token", () => {
    const begun = begin(one, login("a"))
    assert.isNull(begun.refreshToken)
    assert.deepStrictEqual(begun.intent, { id: "a", kind: "login", deadline, again: false })
    assert.strictEqual(clear(begun.tokens!.access), "one")
  })

  it.each(["Kept", "Refused", "Unknown"] as const)("released as %s it stays removed", (outcome) => {
    assert.isNull(Session.release(begin(one, login("a")), login("a"), outcome).refreshToken)
  })

  it("the intent of a refresh keeps it", () =>
    assert.strictEqual(begin(one, refresh("a")).refreshToken, one.refreshToken))
})

describe("3. a sign-out is one write that never waits, and leaves a tombstone", () => {
  const signedOut = Session.signOut(begin(one, refresh("a")), "once")

  it("clears tokens, intent, last intent, latches and due time; `signedOut` is the new generation", () => {
    assert.deepStrictEqual(signedOut, { ...empty, generation: 2, signedOut: 2 })
  })

  it("a late commit does not bring the session back", () => {
    assert.isUndefined(Session.commit(signedOut, refresh("a"), given("late")))
  })

  it("a retried commit is not told that it succeeded", () => {
    const committed = Session.commit(begin(one, refresh("a")), refresh("a"), given("two"))!
    assert.isUndefined(Session.commit(Session.signOut(committed, "once"), refresh("a"), given("two")))
  })

  it("a late release changes nothing", () => {
    for (const outcome of ["Kept", "Refused", "Unknown"] as const) {
      assert.strictEqual(Session.release(signedOut, refresh("a"), outcome), signedOut)
      assert.strictEqual(Session.release(signedOut, login("a"), outcome), signedOut)
    }
  })
})

describe("4. a flight begun before a sign-out neither adopts what was before it nor logs in", () => {
  const signedOut = Session.signOut(one, "once")

  it("it ends", () => assert.deepStrictEqual(next(signedOut), { _tag: "Stop", why: "SignedOut" }))

  it("unless a newer session is there to adopt", () => {
    const newer = Session.commit(begin(signedOut, login("b")), login("b"), given("two"))!
    assert.deepStrictEqual(next(newer), { _tag: "Adopt" })
  })

  it("it does not wait for a login of somebody else either", () => {
    assert.deepStrictEqual(next(begin(signedOut, login("b"))), { _tag: "Stop", why: "SignedOut" })
  })

  it("a flight begun after it logs in", () =>
    assert.deepStrictEqual(next(signedOut, { signedOut: 2 }), { _tag: "Login" }))

  it("nothing at or below the floor is adopted", () => {
    assert.deepStrictEqual(next(one, { after: 1 }), { _tag: "Refresh", from: "session", again: false })
    assert.strictEqual(next(one, { after: 0 })._tag, "Adopt")
  })
})

describe("5. a fresh token is adopted before anything else is looked at", () => {
  it("before an open intent of another process", () => {
    assert.deepStrictEqual(next(begin(one, refresh("a"))), { _tag: "Adopt" })
  })

  it("before a latch", () => {
    const refused = { ...one, latches: { [credential]: { refused: true, proven: false, open: [] } } }
    assert.strictEqual(next(refused)._tag, "Adopt")
  })

  it("only if it has life left, and is newer than what was rejected or is held", () => {
    assert.strictEqual(next(one, stale)._tag, "Refresh")
    assert.strictEqual(next(one, { after: 1 })._tag, "Refresh")
  })
})

describe("6. begin, commit and release may be retried with the same id", () => {
  const begun = begin(one, refresh("a"))
  const committed = Session.commit(begun, refresh("a"), given("two"))!

  it("a commit that was taken answers success again, and changes nothing", () => {
    assert.strictEqual(Session.commit(committed, refresh("a"), given("two")), committed)
  })

  it("a release that was taken changes nothing", () => {
    for (const claim of [refresh("a"), login("a")]) {
      for (const outcome of ["Kept", "Refused"] as const) {
        const released = Session.release(begin(one, claim), claim, outcome)
        assert.strictEqual(Session.release(released, claim, outcome), released)
      }
    }
  })

  it("a commit after the deadline is valid if nobody took over", () => {
    assert.strictEqual(Session.commit(begun, refresh("a"), given("late"))!.generation, 2)
  })

  it("a commit is fenced out by a takeover, and a takeover writes no `lastIntent`", () => {
    const taken = begin(begun, login("b"))
    assert.isUndefined(Session.commit(taken, refresh("a"), given("late")))
    assert.strictEqual(taken.lastIntent, "first")
    const recovered = Session.commit(taken, login("b"), given("new"))!
    assert.isUndefined(Session.commit(recovered, refresh("a"), given("late")))
    assert.strictEqual(recovered.lastIntent, "b")
  })

  it("a release does not clear an intent that somebody else took over", () => {
    const taken = begin(begun, login("b"))
    for (const outcome of ["Kept", "Refused"] as const) {
      assert.strictEqual(Session.release(taken, refresh("a"), outcome), taken)
    }
  })

  it("a commit without a new refresh token keeps the one presented", () => {
    const kept = Session.commit(begun, refresh("a"), { ...given("two"), refreshToken: null })!
    assert.strictEqual(clear(kept.refreshToken), "one-refresh")
  })
})

describe("8. what a release leaves", () => {
  it("a refused refresh drops the refresh token and keeps the access token", () => {
    const released = Session.release(begin(one, refresh("a")), refresh("a"), "Refused")
    assert.isNull(released.refreshToken)
    assert.strictEqual(clear(released.tokens!.access), "one")
    assert.isNull(released.intent)
    assert.deepStrictEqual(next(released, stale), { _tag: "Login" })
    assert.deepStrictEqual(next(released, { ...stale, credential: undefined }), { _tag: "Stop", why: "NoCredentials" })
  })

  it("a refresh that was not carried out keeps it, for the next one to present", () => {
    const released = Session.release(begin(one, refresh("a")), refresh("a"), "Kept")
    assert.deepStrictEqual(released, { ...one, dueAt: deadline })
    assert.deepStrictEqual(next(released, stale), { _tag: "Refresh", from: "session", again: false })
  })

  it("a refused refresh says nothing of the credentials", () => {
    const released = Session.release(begin(one, refresh("a")), refresh("a"), "Refused")
    assert.deepStrictEqual(released.latches, one.latches)
  })
})

describe("what is due", () => {
  it("is not listed while an exchange may be under way, and again when its deadline has passed", () => {
    assert.strictEqual(begin(one, refresh("a")).dueAt, deadline)
    assert.isNull(begin({ ...one, dueAt: null }, refresh("a")).dueAt)
  })

  it("is not listed any more when the vendor said no", () => {
    assert.isNull(Session.release(begin(one, refresh("a")), refresh("a"), "Refused").dueAt)
    assert.isNull(Session.release(begin(one, login("a")), login("a"), "Refused").dueAt)
  })
})

describe("a record", () => {
  it("is plain JSON by its JSON codec, and comes back the same; without the codec it shows no secret", () =>
    Effect.gen(function* () {
      const codec = Schema.fromJsonString(Schema.toCodecJson(Session.Session))
      const begun = begin(one, login("a"))
      const text = yield* Schema.encodeEffect(codec)(begun)
      assert.include(text, '"access":"one"')
      const back = yield* Schema.decodeUnknownEffect(codec)(text)
      assert.strictEqual(yield* Schema.encodeEffect(codec)(back), text)
      assert.notInclude(JSON.stringify(begun), '"one"')
    }).pipe(Effect.runPromise))
})
