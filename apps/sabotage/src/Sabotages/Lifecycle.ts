/**
 * Wrong versions of the state machine, of what runs it, and of its figures.
 *
 * Decided here: which faults of flights, back-off, due windows, clocks and sign-outs the tests must notice. Not here:
 * the steps on the stored record (`Protocol`), HTTP (`Wire`), and what is one vendor's own (`Vendors`).
 */
import type { Sabotage } from "../Sabotage.ts"

const lifecycleFile = "packages/core/src/TokenLifecycle.ts"
const engineFile = "packages/core/src/TokenEngine.ts"
const flightFile = "packages/core/src/Flight.ts"
const policyFile = "packages/core/src/RefreshPolicy.ts"

const core = (...names: ReadonlyArray<string>) => names.map((name) => `packages/core/test/${name}.test.ts`)
/** The suite that every vendor passes. */
const suite = ["packages/logisense/test/LogiSenseAuth.test.ts"]

export const lifecycle: ReadonlyArray<Sabotage> = [
  {
    title: "no single flight: each caller that waits starts an exchange of its own",
    file: lifecycleFile,
    find: "starts: !state.isExchanging",
    replace: "starts: true",
    tests: suite
  },
  {
    title: "a failure is cached as a value: it stays the answer for ever",
    file: lifecycleFile,
    find: "error.isFinal || (now < retryAt && retryAt - now <= longestPause)",
    replace: "error.isFinal || retryAt > 0",
    tests: suite
  },
  {
    title: "a flight belongs to the caller who began it",
    file: engineFile,
    find: "Effect.forkIn(scope, { startImmediately: true })",
    replace: "Effect.forkChild({ startImmediately: true })",
    tests: suite
  },
  {
    title: "a caller can be interrupted between the decision and the flight",
    file: engineFile,
    find: "=> Effect.uninterruptible(Effect.suspend(() => decide(event)))",
    replace: "=> Effect.suspend(() => decide(event))",
    tests: core("TokenEngine")
  },
  {
    title: "the back-off is computed and not obeyed",
    file: lifecycleFile,
    find: "!state.isExchanging && isPending(failure, now)) return",
    replace: "!state.isExchanging && failure.error.isFinal) return",
    tests: suite
  },
  {
    title: "the pauses between tries do not grow",
    file: engineFile,
    find: "Math.max(shortestPause, delay)",
    replace: "shortestPause + 0 * delay",
    tests: suite
  },
  {
    title: "Retry-After is ignored",
    file: policyFile,
    find: "? Duration.max(duration, Duration.min(input.reason.retryAfter, Duration.hours(1)))",
    replace: "? duration",
    tests: suite
  },
  {
    title: "Retry-After is believed beyond an hour",
    file: policyFile,
    find: "Duration.min(input.reason.retryAfter, Duration.hours(1))",
    replace: "input.reason.retryAfter",
    tests: core("RefreshPolicy")
  },
  {
    title: "a late 401 of an older token drops the newer one",
    file: lifecycleFile,
    find: "return state.held?.token.generation === event.generation\n",
    replace: "return state.held !== undefined\n",
    tests: suite
  },
  {
    title: "a token that the API rejected is adopted again",
    file: flightFile,
    find: "    memory.rejected?.has(Hash.hash(tokens.access)) !== true &&\n",
    replace: "",
    tests: core("TokenEngine")
  },
  {
    title: "a token is handed out below its minimum life",
    file: policyFile,
    find: "life === Infinity ? Infinity : life - Math.min(minimumLifetime, life * 0.1)",
    replace: "life + 0 * minimumLifetime",
    tests: [...suite, ...core("RefreshMoments")]
  },
  {
    title: "a read in the due window waits for the refresh",
    file: lifecycleFile,
    find: "{ ...join(state), answer: held.token }",
    replace: "join(state)",
    tests: suite
  },
  {
    title: "the due window has no jitter: accounts of one second come back in one second",
    file: policyFile,
    find: "const dueJitter = 0.1",
    replace: "const dueJitter = 0",
    tests: core("TokenEngine")
  },
  {
    title: "the timer is never armed",
    file: engineFile,
    find: "const at = TokenLifecycle.wakesAt(memory.state, now())",
    replace: "const at = Infinity as number",
    tests: suite
  },
  {
    title: "a machine that slept is noticed only when its timer fires",
    file: "packages/core/src/Timer.ts",
    find: "Math.min(Math.ceil(Math.max(0, at - now)), longestSleep)",
    replace: "Math.ceil(Math.max(0, at - now))",
    tests: core("TokenEngineClock")
  },
  {
    title: "a timer sleeps for a part of a nanosecond, which is not at all",
    file: "packages/core/src/Timer.ts",
    find: "Math.ceil(Math.max(0, at - now))",
    replace: "Math.max(0, at - now)",
    tests: core("TokenEngineClock")
  },
  {
    title: "a clock that is set back makes a token live for years",
    file: lifecycleFile,
    find: "held.dueAt < Infinity && now < DateTime",
    replace: "held.dueAt === -1 && now < DateTime",
    tests: core("TokenEngineClock")
  },
  {
    title: "a record from the future is trusted",
    file: flightFile,
    find: "    tokens.issuedAt - now < furthestFuture &&\n",
    replace: "",
    tests: core("TokenEngineClock")
  },
  {
    title: "expiry is counted from when the answer was received",
    file: flightFile,
    find: "toGiven(outcome.success, sentAt), settleBy",
    replace: "toGiven(outcome.success, yield* Clock.currentTimeMillis), settleBy",
    tests: [...core("TokenEngineClock"), ...suite]
  },
  {
    title: "an exchange has no deadline",
    file: flightFile,
    find: 'Effect.timeoutOrElse(request, { duration, orElse: () => unreached("Unknown") })',
    replace: "Effect.as(Effect.void, duration) && request",
    tests: suite
  },
  {
    title: "a sign-out is undone by an older flight that brings a token",
    file: engineFile,
    find: "        if (begun !== epoch) return Effect.void\n        if (adopted !== undefined)",
    replace:
      "        if (begun !== epoch && adopted === undefined) return Effect.void\n        if (adopted !== undefined)",
    tests: core("TokenEngineSignOut")
  },
  {
    title: "a sign-out that comes between two steps of a flight is undone by it",
    file: engineFile,
    find: '    yield* report(begun, { _tag: "Succeeded", held }, session)\n',
    replace:
      "    if (begun !== epoch) return held.token\n" +
      "    memory.session = session\n" +
      '    yield* dispatch({ _tag: "Succeeded", held })\n',
    tests: core("TokenEngineSignOut")
  },
  {
    title: "a flight that a sign-out overtook changes the state all the same",
    file: engineFile,
    find: "if (begun !== epoch) return Effect.void",
    replace: "if (begun !== epoch && adopted !== undefined) return Effect.void",
    tests: [...core("TokenEngineSignOut"), ...suite]
  },
  {
    title: "a wrong password passes for a transient failure",
    file: "packages/core/src/AuthError.ts",
    find: `  "InvalidCredentials",\n  "ReauthenticationRequired",\n`,
    replace: `  "ReauthenticationRequired",\n`,
    tests: suite
  },
  {
    title: "each failure counts as the first: nobody can say since when",
    file: "packages/core/src/TokenLifecycle.ts",
    find: "since: failure?.since ?? now,",
    replace: "since: failure === undefined ? now : now,",
    tests: core("TokenLifecycle")
  }
]
