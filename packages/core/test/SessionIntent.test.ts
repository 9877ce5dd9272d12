// Who may go on when an intent is open, and what background work may begin: the shared record, step by step.
import { assert, describe, it } from "@effect/vitest"
import * as Session from "../src/Session.ts"
import {
  begin,
  credential,
  deadline,
  empty,
  given,
  login,
  minutes,
  next,
  one,
  refresh,
  stale
} from "./SessionRecords.ts"

describe("an open intent", () => {
  const begun = begin(one, refresh("a"))

  it("is waited for until its deadline by the store's clock", () => {
    assert.deepStrictEqual(next(begun, { ...stale, storeNow: deadline - 1 }), { _tag: "Wait" })
    assert.deepStrictEqual(next(begun, { ...stale, storeNow: deadline }), { _tag: "Login" })
  })

  it("is not waited for where its deadline is more than an hour away: a clock was wrong", () => {
    assert.deepStrictEqual(next(begun, { ...stale, storeNow: deadline - 60 * minutes }), { _tag: "Wait" })
    assert.deepStrictEqual(next(begun, { ...stale, storeNow: deadline - 60 * minutes - 1 }), { _tag: "Login" })
  })

  it("is not waited for by its own owner, who knows its outcome to be unknown", () => {
    assert.deepStrictEqual(next(begun, { ...stale, unknown: "a" }), { _tag: "Login" })
    assert.deepStrictEqual(next(begun, { ...stale, unknown: "b" }), { _tag: "Wait" })
  })

  it("of a refresh is never taken over with a refresh token that may be used once", () => {
    const taken = next(begun, { ...stale, storeNow: deadline, credential: undefined })
    assert.deepStrictEqual(taken, { _tag: "Stop", why: "Unresolved" })
  })

  it("of a refresh is taken over with one that may be used many times", () => {
    const many = { ...stale, storeNow: deadline, refreshTokenUse: "many" } as const
    assert.deepStrictEqual(next(begun, many), { _tag: "Refresh", from: "session", again: false })
  })

  it("is presented again only where the policy says so, no credential is at hand, and once", () => {
    const again = { ...stale, storeNow: deadline, onUnresolved: "presentAgain", credential: undefined } as const
    assert.deepStrictEqual(next(begun, again), { _tag: "Refresh", from: "session", again: true })
    assert.deepStrictEqual(next(begun, { ...again, credential }), { _tag: "Login" })
    const second = Session.begin(begun, refresh("b"), { deadline, again: true })
    assert.isTrue(second.intent!.again)
    assert.deepStrictEqual(next(second, again), { _tag: "Stop", why: "Unresolved" })
  })

  it("of a login is taken over by a login, or ends without credentials", () => {
    const begun = begin(empty, login("a"))
    assert.deepStrictEqual(next(begun, { storeNow: deadline }), { _tag: "Login" })
    assert.deepStrictEqual(next(begun, { storeNow: deadline, credential: undefined }), {
      _tag: "Stop",
      why: "NoCredentials"
    })
  })
})

describe("8. background work", () => {
  const signedOut = Session.signOut(one, "once")
  const background = { signedOut: 2, isBackground: true }

  it("never logs in from a signed-out record; somebody who waits does", () => {
    assert.deepStrictEqual(next(signedOut, background), { _tag: "Stop", why: "SignedOut" })
    assert.deepStrictEqual(next(signedOut, { ...background, isBackground: false }), { _tag: "Login" })
  })

  it("does not begin again from a configured refresh token either", () => {
    const many = Session.signOut(one, "many")
    const seeded = { ...background, seed: "seed", refreshTokenUse: "many" } as const
    assert.deepStrictEqual(next(many, seeded), { _tag: "Stop", why: "SignedOut" })
    assert.strictEqual(next(many, { ...seeded, isBackground: false })._tag, "Refresh")
  })

  it("refreshes and logs in as usual anywhere else", () => {
    assert.strictEqual(next(one, { ...stale, isBackground: true })._tag, "Refresh")
    const refused = Session.release(begin(one, refresh("a")), refresh("a"), "Refused")
    assert.deepStrictEqual(next(refused, { ...stale, isBackground: true }), { _tag: "Login" })
    const newer = Session.commit(begin(signedOut, login("b")), login("b"), { ...given("two"), refreshToken: null })!
    assert.deepStrictEqual(next(newer, { ...background, ...stale }), { _tag: "Login" })
  })
})
