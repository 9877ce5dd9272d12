// A process of its own that works on a store in a file: what a test starts many of.
// Decided here: the works, by name. It says "ready" when its store is open, begins at the first line of its input, and
// says each result on a line. Not here: what the results have to be.
import { Session, TokenStore } from "@vendor-auth/core"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { SqlTokenStore } from "../src/index.ts"

const [work, filename, secret, amount = "1", umask] = process.argv.slice(2) as [
  string,
  string,
  string,
  ...Array<string>
]
if (umask !== undefined) process.umask(Number.parseInt(umask, 8))

const keys = { current: "test", keys: { test: Redacted.make(new Uint8Array(Buffer.from(secret, "base64"))) } }
const store = SqlTokenStore.layerSqlite({ filename, keys })
const lines = createInterface({ input: process.stdin })
const say = (text: unknown) => Effect.sync(() => process.stdout.write(`${text}\n`))
const begin = Effect.andThen(
  say("ready"),
  Effect.promise(() => once(lines, "line"))
)

/** Reads, changes and writes until it wins; a busy file is one more reason to try again. */
const increment = Effect.gen(function* () {
  const { read, write } = yield* TokenStore.TokenStore
  while (true) {
    const { session = Session.empty("Acme"), version } = yield* read("counter")
    const generation = session.generation + 1
    if (yield* write("counter", version, { ...session, generation, seeds: [`${generation}`] })) return generation
  }
}).pipe(Effect.retry({ times: 20, while: (error) => error.problem === "Unavailable" }))

const works: Record<string, Effect.Effect<unknown, unknown, SqlTokenStore.Store>> = {
  /** Opens, and does no more. */
  open: begin,
  /** So many increments, each said when its write has answered. */
  increment: Effect.andThen(begin, Effect.repeat(Effect.flatMap(increment, say), { times: Number(amount) - 1 }))
}

if (work === "race") {
  process.stdout.write("started\n")
  await once(lines, "line")
}
await Effect.runPromise(Effect.provide(works[work === "race" ? "open" : work]!, store))
lines.close()
