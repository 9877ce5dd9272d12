/**
 * `pnpm demo --replicas 3`: processes that share one LRS Connect account in a SQLite file; one is killed in the middle.
 *
 * Decided here: the chapters, and that they are checked against what the vendor saw: one login, one refresh a life, no
 * refresh token presented twice. Not here: what a replica is (`Replica`).
 */
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import { Console, Deferred, Effect, Redacted } from "effect"
import { type ChildProcess, fork } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Narrator } from "../Narrator.ts"
import { NotAsTold } from "../Story.ts"
import type { News, Orders } from "./Replica.ts"

/** Seconds that a token lives. */
const life = 4

/** The generation whose refresher is killed, and the one that ends the story. */
const [killedAt, lastOf] = [4, 7]

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "vendor-auth-demo-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const start = (orders: Orders) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      fork(new URL("Replica.ts", import.meta.url), [JSON.stringify(orders)], {
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
    ),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Tells it, in about 15 seconds. */
export const tell = Effect.fnUntraced(function* (count: number) {
  const narrator = yield* Narrator
  const simulator = yield* LrsConnectSimulator.make()
  yield* simulator.setLives({ access: `${life} seconds` })
  const baseUrl = yield* Loopback.serve(simulator)
  const orders: Orders = {
    baseUrl,
    filename: join(yield* folder, "sessions.db"),
    key: randomBytes(32).toString("base64url"),
    userName: simulator.credentials.username,
    password: Redacted.value(simulator.credentials.password)
  }
  yield* Console.log(
    `${count} processes, one LRS Connect account, one SQLite file; tokens live ${life} s. About 15 s.\n`
  )

  const ended = yield* Deferred.make<void>()
  const context = yield* Effect.context<never>()
  const run = Effect.runForkWith(context)
  const calls = new Map<number, number>()
  let [newest, killed] = [0, undefined as string | undefined]

  const hear = Effect.fnUntraced(function* (name: string, child: ChildProcess, news: News) {
    if (news._tag === "Called") {
      calls.set(news.status, (calls.get(news.status) ?? 0) + 1)
      return
    }
    if (news._tag === "Failed") return yield* narrator.say(name, "trouble", news.reason)
    const { by, generation } = news
    newest = Math.max(newest, generation)
    const how = by === "another replica" ? `takes token ${generation} from the file` : `${by}: token ${generation}`
    yield* narrator.say(name, by === "another replica" ? "plain" : "good", how)
    if (killed === undefined && generation >= killedAt && by === "refresh") {
      killed = name
      child.kill("SIGKILL")
      yield* narrator.say(name, "trouble", "is killed (kill -9) right after its refresh")
    }
    if (newest >= lastOf) yield* Deferred.succeed(ended, undefined)
  })

  for (let number = 1; number <= count; number++) {
    const child = yield* start(orders)
    child.on("message", (news: News) => run(hear(`replica ${number}`, child, news)))
  }
  yield* Deferred.await(ended)
  yield* Effect.sleep("500 millis")

  const seen = yield* simulator.seen
  const answered = (kind: string) => seen.filter((one) => one.kind === kind && one.status === 200).length
  const [logins, refreshes, violations] = [answered("login"), answered("refresh"), yield* simulator.violations]
  yield* narrator.table([
    ["what the vendor saw", "count"],
    ["API calls answered", String(calls.get(200) ?? 0)],
    ["logins", String(logins)],
    ["refreshes", String(refreshes)],
    ["lives of a token", String(newest)],
    ["refresh tokens presented twice", String(violations.length)]
  ])
  const isAsTold =
    logins === 1 && refreshes === newest - 1 && violations.length === 0 && (killed !== undefined || count === 1)
  if (!isAsTold) {
    return yield* new NotAsTold({
      message: "replicas: each life should begin with one exchange, and no token come twice"
    })
  }
}, Effect.scoped)
