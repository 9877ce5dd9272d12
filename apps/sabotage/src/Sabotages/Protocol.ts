/**
 * Wrong versions of the protocol: the steps on the stored record, and how a flight takes them.
 *
 * Decided here: which faults of intents, commits, releases, latches and sign-outs the tests must notice, in one process
 * and in many that share a store. Not here: when a flight starts (`Lifecycle`), and HTTP (`Wire`).
 */
import type { Sabotage } from "../Sabotage.ts"

const sessionFile = "packages/core/src/Session.ts"
const flightFile = "packages/core/src/Flight.ts"

const core = (...names: ReadonlyArray<string>) => names.map((name) => `packages/core/test/${name}.test.ts`)
const lrs = ["packages/lrs-connect/test/LrsConnectAuth.test.ts"]
const itemPath = ["packages/itempath/test/ItemPathAuth.test.ts"]
const permanence = ["packages/testing/test/guarantees/Permanence.test.ts"]

export const protocol: ReadonlyArray<Sabotage> = [
  {
    title: "the old refresh token is kept after a rotation",
    file: sessionFile,
    find: "given.refreshToken ?? session.refreshToken",
    replace: "session.refreshToken ?? given.refreshToken",
    tests: lrs
  },
  {
    title: "an answer without a refresh token loses the one at hand",
    file: sessionFile,
    find: "given.refreshToken ?? session.refreshToken",
    replace: "given.refreshToken",
    tests: [...itemPath, ...core("Session")]
  },
  {
    title: "a refresh token that may be used once is presented again after an unknown outcome",
    file: sessionFile,
    find: `const spent = intent?.kind === "refresh" && view.refreshTokenUse === "once"`,
    replace: `const spent = intent?.kind === "refresh" && intent.id === "" && view.refreshTokenUse === "once"`,
    tests: core("TokenEngineUnresolved")
  },
  {
    title: "a refresh token that was refused is presented again",
    file: sessionFile,
    find: `claim.kind === "refresh" && outcome === "Refused" ? null`,
    replace: `claim.kind === "refresh" && outcome === "Unknown" ? null`,
    tests: core("Session", "TokenEngineUnresolved")
  },
  {
    title: "an intent is written without comparing: two processes begin at once",
    file: flightFile,
    find: "ledger.write(version, begun)",
    replace: "ledger.take(() => begun)",
    tests: core("TokenEngineShared")
  },
  {
    title: "another process's intent is taken over before its deadline",
    file: sessionFile,
    find: `left > 0 && left <= longestIntent) return { _tag: "Wait" }`,
    replace: `left > longestIntent) return { _tag: "Wait" }`,
    tests: core("TokenEngineIntent")
  },
  {
    title: "an intent whose deadline lies years ahead is waited for",
    file: sessionFile,
    find: "left > 0 && left <= longestIntent",
    replace: "left > 0",
    tests: core("SessionIntent")
  },
  {
    title: "a commit does not ask whose intent stands in the record",
    file: sessionFile,
    find: "  if (session.intent?.id !== claim.id) return undefined\n",
    replace: "",
    tests: core("TokenEngineSignOut", "Session")
  },
  {
    title: "a commit that is retried counts twice",
    file: sessionFile,
    find: "  if (session.lastIntent === claim.id) return session\n",
    replace: "",
    tests: core("TokenEngineStore", "Session")
  },
  {
    title: "callers see a token before it is stored",
    file: flightFile,
    find: `if (outcome._tag === "Success") return yield* commit(begun, toGiven(outcome.success, sentAt), settleBy)`,
    replace:
      `if (outcome._tag === "Success") {\n` +
      "      const given = toGiven(outcome.success, sentAt)\n" +
      "      yield* Effect.forkDetach(commit(begun, given, settleBy))\n" +
      "      return { ...begun.session, generation: begun.session.generation + 1, tokens: given.tokens }\n" +
      "    }",
    tests: core("TokenEngineStore")
  },
  {
    title: "a commit that the store does not take in time is forgotten",
    file: "packages/core/src/Ledger.ts",
    find: "    memory.owed = step\n    let first = believed",
    replace: "    let first = believed",
    tests: core("TokenEngineStore")
  },
  {
    title: "a commit that the store refuses counts as done",
    file: "packages/core/src/Ledger.ts",
    find: "if (yield* write(seen.version, changed)) return changed",
    replace: "yield* write(seen.version, changed)\n      return changed",
    tests: core("TokenEngineStore")
  },
  {
    title: "a commit that was refused writes over what came in between",
    file: "packages/core/src/Ledger.ts",
    find: "      seen = yield* read\n",
    replace: "      seen = { ...(yield* read), session: seen.session }\n",
    tests: core("TokenEngineSignOut")
  },
  {
    title: "a request is sent though its intent could not be written",
    file: flightFile,
    find: "const isBegun = yield* Effect.onError(ledger.write(version, begun), () =>",
    replace:
      "const isBegun = yield* Effect.onError(Effect.orElseSucceed(ledger.write(version, begun), () => true), () =>",
    tests: core("TokenEngineStore")
  },
  {
    title: "a release clears another process's intent",
    file: sessionFile,
    find: "const isOwn = session.intent?.id === claim.id",
    replace: "const isOwn = session.intent !== null",
    tests: core("SessionLatch", "Session")
  },
  {
    title: "a login keeps the old refresh token beside its intent",
    file: sessionFile,
    find: `  ...(claim.kind === "login" && { refreshToken: null }),\n`,
    replace: "",
    tests: core("Session")
  },
  {
    title: "a process that slept past its intent sends all the same",
    file: flightFile,
    find: "sentAt - begun.readAt < grace\n",
    replace: "sentAt - begun.readAt < Infinity\n",
    tests: core("TokenEngineClock")
  },
  {
    title: "the latch is dropped: a wrong password is tried again",
    file: sessionFile,
    find: `  if (latch.refused) return { _tag: "Stop", why: "Refused" }\n`,
    replace: "",
    tests: core("TokenEnginePassword")
  },
  {
    title: "a refusal is not written down: a second wrong process tries again although refused",
    file: sessionFile,
    find: `refused: latch.refused || (outcome === "Refused" && latch.open.some(({ id }) => id === claim.id))`,
    replace: "refused: latch.refused",
    tests: core("TokenEnginePassword")
  },
  {
    title: "a refusal is written down at even generations only",
    file: sessionFile,
    find: `(outcome === "Refused" && latch.open.some(`,
    replace: `(outcome === "Refused" && session.generation % 2 === 0 && latch.open.some(`,
    tests: permanence
  },
  {
    title: "the refresh token that was refused is kept, beside a login that is due",
    file: sessionFile,
    find: `isOwn && claim.kind === "refresh" && outcome === "Refused" ? null : session.refreshToken`,
    replace: "session.refreshToken",
    tests: permanence
  },
  {
    title: "a wrong password is no final error: it is tried again by the retry schedule",
    file: "packages/core/src/AuthError.ts",
    find: `new Set<Reason["_tag"]>([\n  "InvalidCredentials",\n`,
    replace: `new Set<Reason["_tag"]>([\n`,
    tests: permanence
  },
  {
    title: "a wrong password is tried once more for each process that crashes",
    file: sessionFile,
    find: "const openLogins = 2",
    replace: "const openLogins = 1_000",
    tests: core("TokenEnginePassword")
  },
  {
    title: "a sign-out does not fence the flight that is out",
    file: sessionFile,
    find: "  ...empty(session.vendor),\n",
    replace: "  ...empty(session.vendor),\n  intent: session.intent,\n",
    tests: core("TokenEngineSignOut", "Session")
  },
  {
    title: "a flight that a sign-out overtook logs in again",
    file: sessionFile,
    find: `  if (session.signedOut > view.signedOut) return { _tag: "Stop", why: "SignedOut" }\n`,
    replace: "",
    tests: core("TokenEngineSignOut")
  },
  {
    title: "background work logs in after another process's sign-out",
    file: sessionFile,
    find: `  if (view.isBackground && isSignedOut) return { _tag: "Stop", why: "SignedOut" }\n`,
    replace: "",
    tests: core("TokenEngineSignOut")
  },
  {
    title: "a stored session is given up for a configured refresh token that began it",
    file: sessionFile,
    find: "seed !== undefined && !session.seeds.includes(seed)",
    replace: "seed !== undefined",
    tests: core("TokenEngineUnresolved")
  },
  {
    title: "the memory store writes without comparing the version",
    file: "packages/core/src/TokenStore.ts",
    find: "if (row.version !== version) return false",
    replace: "if (version < 0) return false",
    tests: core("TokenStore")
  },
  {
    title: `two accounts share a session because their key is joined with "::"`,
    file: "packages/core/src/Account.ts",
    find: "JSON.stringify(name === undefined ? [vendor, ...issuer.account, ...onlySeed] : { vendor, account: name })",
    replace: `(name === undefined ? [vendor, ...issuer.account, ...onlySeed] : [vendor, name]).join("::")`,
    tests: core("TokenEngineAccount", "TokenEngineShared")
  },
  {
    title: "what a vendor said of the wait is forgotten while the store is down",
    file: flightFile,
    find: "const released = yield* Effect.result(release(begun, outcome.failure, settleBy))",
    replace: "yield* release(begun, outcome.failure, settleBy)\n    const released = yield* Effect.result(Effect.void)",
    tests: core("TokenEngineStore")
  }
]
