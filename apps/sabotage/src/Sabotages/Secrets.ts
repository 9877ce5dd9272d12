/**
 * Wrong versions that let a secret out: into a trace, a log line, a label, an error, or the heap of a closed scope.
 *
 * Decided here: which leaks the search for canaries must notice. Not here: leaks by a wrong address (`Answers`,
 * `Calls`).
 */
import type { Sabotage } from "../Sabotage.ts"

const core = (name: string) => `packages/core/src/${name}.ts`
const canaries = (name: string) => [`apps/house/test/secrets/${name}.test.ts`]

export const secrets: ReadonlyArray<Sabotage> = [
  {
    title: "a trace is told what a token request ended with",
    file: core("SendOnce"),
    find: "end.call(span, at, unquoted(exit))",
    replace: "end.call(span, at, exit)",
    tests: canaries("Transport")
  },
  {
    title: "a stored token that no header can carry is handed to a client, which quotes it",
    file: core("Ledger"),
    find: "session.tokens === null ||",
    replace: "session !== null ||",
    tests: canaries("Parts")
  },
  {
    title: "a memory that ends with its layer keeps its session",
    file: core("TokenStore"),
    find: "({ forget }) => Effect.sync(forget)",
    replace: "() => Effect.void",
    tests: canaries("Heap")
  },
  {
    title: "the session before is kept in the record",
    file: core("Session"),
    find: "    tokens: given.tokens,\n    refreshToken: given.refreshToken ?? session.refreshToken,",
    replace:
      "    tokens: given.tokens,\n    ...{ before: session },\n" +
      "    refreshToken: given.refreshToken ?? session.refreshToken,",
    tests: canaries("Heap")
  },
  {
    title: "logs and metrics call an account by its key, which has the user's name in it",
    file: core("Account"),
    find: "label: name ?? (yield* Secret.fingerprint([key])).slice(0, 12)",
    replace: "label: name ?? key",
    tests: canaries("Labels")
  },
  {
    title: "answers are written to the log at its lowest level",
    file: core("TokenEndpoint"),
    find: "(answer) => judge(kind, answer, reading))",
    replace: "(answer) => Effect.andThen(Effect.logTrace(answer.body), judge(kind, answer, reading)))",
    tests: canaries("Processes")
  }
]
