// Rule 7 of the shared record, the latch against trying a wrong password again, with K = 2; and the configured refresh
// tokens that sessions begin with.
import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import * as Session from "../src/Session.ts"

const now = 1_000_000
const life = 35_000
const blockedFor = 5 * 60_000
const credential = "credential"

const given = {
  tokens: { access: Redacted.make("access"), issuedAt: now, expiresAt: null, refreshEndsAt: null, details: null },
  refreshToken: null,
  dueAt: null
}

const login = (id: string, of = credential): Session.Claim => ({ id, kind: "login", credential: of })
const begin = (session: Session.Session, claim: Session.Claim, at = now) =>
  Session.begin(session, claim, { deadline: at + life })

const view = (change: Partial<Session.View> = {}): Session.View => ({
  storeNow: now,
  after: 0,
  isUsable: () => false,
  signedOut: 0,
  credential,
  seed: undefined,
  refreshTokenUse: "once",
  onUnresolved: "report",
  unknown: undefined,
  isBackground: false,
  ...change
})
const next = (session: Session.Session, change?: Partial<Session.View>) => Session.next(session, view(change))

const empty = Session.empty("Acme")
const latch = (session: Session.Session) => session.latches[credential]
const open = (session: Session.Session) => latch(session)?.open.map(({ id }) => id)
/** Two logins that crashed after they were sent, one after the other's deadline. */
const full = begin(begin(empty, login("a")), login("b"), now + life)
const fullUntil = now + 2 * life

describe("the latch", () => {
  it("a login writes its id down before it is sent", () => {
    assert.deepStrictEqual(latch(begin(empty, login("a"))), {
      refused: false,
      proven: false,
      open: [{ id: "a", deadline: now + life }]
    })
  })

  it("a refresh leaves it alone", () => {
    assert.deepStrictEqual(begin(empty, { id: "a", kind: "refresh", credential }).latches, {})
  })

  it("a refusal latches: no login with these credentials again", () => {
    const refused = Session.release(begin(empty, login("a")), login("a"), "Refused")
    assert.deepStrictEqual(latch(refused), { refused: true, proven: false, open: [] })
    assert.deepStrictEqual(next(refused), { _tag: "Stop", why: "Refused" })
    assert.deepStrictEqual(next(refused, { storeNow: now + 1e12 }), { _tag: "Stop", why: "Refused" })
  })

  it("is kept for each version of the credentials by itself", () => {
    const refused = Session.release(begin(empty, login("a")), login("a"), "Refused")
    assert.deepStrictEqual(next(refused, { credential: "another" }), { _tag: "Login" })
    const both = Session.release(begin(refused, login("b", "another")), login("b", "another"), "Refused")
    assert.deepStrictEqual(next(both), { _tag: "Stop", why: "Refused" })
    assert.deepStrictEqual(next(both, { credential: "another" }), { _tag: "Stop", why: "Refused" })
  })

  it("a refusal latches also when the login was fenced out meanwhile, if its id is still open", () => {
    const taken = begin(begin(empty, login("a")), login("b"))
    const refused = Session.release(taken, login("a"), "Refused")
    assert.isTrue(latch(refused)!.refused)
    assert.deepStrictEqual(open(refused), ["b"])
    assert.strictEqual(refused.intent!.id, "b")
  })

  it("a late refusal does not latch again once a sign-out has opened it", () => {
    const signedOut = Session.signOut(begin(empty, login("a")), "once")
    assert.strictEqual(Session.release(signedOut, login("a"), "Refused"), signedOut)
    const begun = begin(signedOut, login("b"))
    assert.strictEqual(Session.release(begun, login("a"), "Refused"), begun)
    assert.deepStrictEqual(next(signedOut, { signedOut: 1 }), { _tag: "Login" })
  })

  it("a login that was not sent takes its own id out", () => {
    const released = Session.release(begin(full, login("c")), login("c"), "Kept")
    assert.notInclude(open(released), "c")
    assert.isFalse(latch(released)!.refused)
  })

  it("a login that was not sent takes its own id out also when it was fenced out", () => {
    const released = Session.release(full, login("a"), "Kept")
    assert.deepStrictEqual(open(released), ["b"])
    assert.strictEqual(released.intent!.id, "b")
  })

  it("a login whose outcome is unknown stays open, and its intent is cleared", () => {
    const released = Session.release(begin(empty, login("a")), login("a"), "Unknown")
    assert.deepStrictEqual(open(released), ["a"])
    assert.isNull(released.intent)
    assert.deepStrictEqual(next(released), { _tag: "Login" })
  })

  it("K = 2: with two logins open nothing is sent", () => {
    assert.deepStrictEqual(open(full), ["a", "b"])
    assert.deepStrictEqual(next(full, { storeNow: fullUntil }), { _tag: "Stop", why: "LoginsOpen" })
    assert.deepStrictEqual(next(begin(empty, login("a")), { storeNow: now + life }), { _tag: "Login" })
  })

  it("reopens one slot `blockedFor` after the last deadline", () => {
    const at = fullUntil + blockedFor
    assert.deepStrictEqual(next(full, { storeNow: at - 1 }), { _tag: "Stop", why: "LoginsOpen" })
    assert.deepStrictEqual(next(full, { storeNow: at }), { _tag: "Login" })
    const third = begin(full, login("c"), at)
    assert.strictEqual(open(third)!.length, 2)
    assert.include(open(third), "c")
    assert.deepStrictEqual(next(third, { storeNow: at + life }), { _tag: "Stop", why: "LoginsOpen" })
    assert.deepStrictEqual(next(third, { storeNow: at + life + blockedFor }), { _tag: "Login" })
  })

  it("credentials that have logged in are proven, and open logins do not block them", () => {
    const proven = Session.commit(begin(empty, login("a")), login("a"), given)!
    assert.deepStrictEqual(latch(proven), { refused: false, proven: true, open: [] })
    const crashed = begin(begin(proven, login("b")), login("c"))
    assert.deepStrictEqual(next(crashed, { storeNow: now + life }), { _tag: "Login" })
  })

  it("a login that succeeded takes only its own id out", () => {
    assert.deepStrictEqual(open(Session.commit(full, login("b"), given)!), ["a"])
  })

  it("proven credentials that are refused are refused", () => {
    const proven = Session.commit(begin(empty, login("a")), login("a"), given)!
    const refused = Session.release(begin(proven, login("b")), login("b"), "Refused")
    assert.deepStrictEqual(next(refused), { _tag: "Stop", why: "Refused" })
  })

  it("a login that succeeded and was fenced out proves them all the same, and nothing else of it is kept", () => {
    const taken = begin(begin(empty, login("a")), login("b"))
    const settled = Session.settled(taken, login("a"))
    assert.isUndefined(Session.commit(taken, login("a"), given))
    assert.isTrue(latch(settled)!.proven)
    assert.deepStrictEqual(open(settled), ["b"])
    assert.deepStrictEqual({ ...settled, latches: {} }, { ...taken, latches: {} })
  })

  it("a login that was overtaken and succeeded late does not open what a later login was refused since", () => {
    const refused = Session.release(begin(begin(empty, login("a")), login("b")), login("b"), "Refused")
    assert.deepStrictEqual(next(Session.settled(refused, login("a"))), { _tag: "Stop", why: "Refused" })
  })

  it("a sign-out opens it", () => {
    for (const session of [full, Session.release(begin(empty, login("a")), login("a"), "Refused")]) {
      const signedOut = Session.signOut(session, "once")
      assert.deepStrictEqual(signedOut.latches, {})
      assert.deepStrictEqual(next(signedOut, { signedOut: signedOut.signedOut }), { _tag: "Login" })
    }
  })
})

describe("a configured refresh token", () => {
  const token = Redacted.make("configured")
  const refresh: Session.Claim = { id: "a", kind: "refresh", credential: undefined }
  const alone = { seed: "seed-1", credential: undefined }
  const seeded = Session.begin(empty, refresh, { deadline: now + life }, { fingerprint: "seed-1", token })

  it("begins the session", () => {
    assert.deepStrictEqual(next(empty, alone), { _tag: "Refresh", from: "seed", again: false })
    assert.strictEqual(Redacted.value(seeded.refreshToken!), "configured")
    assert.deepStrictEqual(seeded.seeds, ["seed-1"])
  })

  it("does not win over a session that began with it", () => {
    const session = Session.commit(seeded, refresh, { ...given, refreshToken: Redacted.make("rotated") })!
    assert.deepStrictEqual(next(session, alone), { _tag: "Refresh", from: "session", again: false })
    assert.strictEqual(next(session, { ...alone, isUsable: () => true })._tag, "Adopt")
  })

  it("another one begins a new session, though the old one is good, and drops its tokens", () => {
    const session = Session.commit(seeded, refresh, given)!
    const another = { ...alone, seed: "seed-2", isUsable: () => true }
    assert.deepStrictEqual(next(session, another), { _tag: "Refresh", from: "seed", again: false })
    const begun = Session.begin(
      session,
      { ...refresh, id: "b" },
      { deadline: now + life },
      { fingerprint: "seed-2", token }
    )
    assert.isNull(begun.tokens)
    assert.deepStrictEqual(begun.seeds, ["seed-1", "seed-2"])
    // An old replica in a rolling deploy does not present its spent one again.
    assert.deepStrictEqual(next(begun, alone), { _tag: "Wait" })
    assert.deepStrictEqual(next(begun, { ...alone, storeNow: now + life }), { _tag: "Stop", why: "Unresolved" })
  })

  it("another one waits for an open intent, and is then presented though that stayed unresolved", () => {
    assert.deepStrictEqual(next(seeded, { ...alone, seed: "seed-2" }), { _tag: "Wait" })
    const late = { ...alone, seed: "seed-2", storeNow: now + life }
    assert.deepStrictEqual(next(seeded, late), { _tag: "Refresh", from: "seed", again: false })
  })

  it("that was refused is gone: a login follows, or the end", () => {
    const refused = Session.release(seeded, refresh, "Refused")
    assert.deepStrictEqual(next(refused, alone), { _tag: "Stop", why: "NoCredentials" })
    assert.deepStrictEqual(next(refused, { ...alone, credential }), { _tag: "Login" })
  })

  it("that was not sent is kept for the next try", () => {
    assert.deepStrictEqual(next(Session.release(seeded, refresh, "Kept"), alone), {
      _tag: "Refresh",
      from: "session",
      again: false
    })
  })

  it("stays spent after a sign-out if it may be used once; else it is at hand again", () => {
    const once = Session.signOut(Session.commit(seeded, refresh, given)!, "once")
    assert.deepStrictEqual(next(once, { ...alone, signedOut: 2 }), { _tag: "Stop", why: "NoCredentials" })
    const many = Session.signOut(Session.commit(seeded, refresh, given)!, "many")
    assert.deepStrictEqual(next(many, { ...alone, signedOut: 2 }), { _tag: "Refresh", from: "seed", again: false })
  })

  it("the last 32 are remembered, the newest last", () => {
    let session = empty
    for (let n = 0; n < 40; n++) {
      session = Session.begin(session, refresh, { deadline: now }, { fingerprint: `seed-${n}`, token })
    }
    assert.strictEqual(session.seeds.length, 32)
    assert.strictEqual(session.seeds[31], "seed-39")
    assert.strictEqual(session.seeds[0], "seed-8")
  })
})
