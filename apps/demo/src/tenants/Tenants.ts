/**
 * `pnpm demo --tenants 1000`: one process that keeps a token of each of its tenants fresh, with one layer.
 *
 * Decided here: the chapters, that they are checked against what the vendor saw, and how memory is measured: by what
 * the second half of the tenants adds to the heap after the first one warmed everything up. Not here: who the tenants
 * are (`Tenant`), and their vendor (`Vendor`).
 */
import { RefreshPolicy } from "@vendor-auth/core"
import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
import { Clock, Console, Deferred, Effect } from "effect"
import { fork } from "node:child_process"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { Narrator } from "../Narrator.ts"
import { NotAsTold } from "../Story.ts"
import * as Tenant from "./Tenant.ts"
import type { News, Orders, Saw } from "./Vendor.ts"

/** Below so many tenants the heap's own movements are more than what they weigh. */
const measurable = 500

/** Refreshes that each tenant is to have before the story ends. */
const rounds = 2

const number = (value: number) => value.toLocaleString("en-US")

/** Starts the vendor; gives where it serves, and what it saw whenever that is asked. */
const vendor = Effect.fnUntraced(function* (orders: Orders) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      fork(new URL("Vendor.ts", import.meta.url), [JSON.stringify(orders)], {
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
    ),
    (started) => Effect.sync(() => started.kill("SIGKILL"))
  )
  const serves = yield* Deferred.make<string>()
  let asked = yield* Deferred.make<Saw>()
  child.on("message", (news: News) =>
    news._tag === "Serves"
      ? Deferred.doneUnsafe(serves, Effect.succeed(news.origin))
      : Deferred.doneUnsafe(asked, Effect.succeed(news))
  )
  const saw = Effect.gen(function* () {
    asked = yield* Deferred.make<Saw>()
    child.send("what did you see?")
    return yield* Deferred.await(asked)
  })
  return { origin: yield* Deferred.await(serves), saw }
})

/** Bytes of the heap that are in use. */
const heap = Effect.sync(() => {
  setFlagsFromString("--expose-gc")
  const collect = runInNewContext("gc") as () => void
  collect()
  collect()
  return process.memoryUsage().heapUsed
})

/** Tells it, in about 15 seconds for 1,000 tenants. */
export const tell = Effect.fnUntraced(function* (count: number) {
  const narrator = yield* Narrator
  const begun = yield* Clock.currentTimeMillis
  // Many tenants need longer lives, or one machine would do nothing but log in.
  const life = Math.max(6, Math.ceil(count / 125))
  const { origin, saw } = yield* vendor({ count, life })
  yield* Console.log(
    `${number(count)} tenants of LRS Connect, each with a user of its own; one process, one layer. ` +
      `Tokens live ${life} s. About ${life + 6} s.\n`
  )

  const layer = LrsConnectAuth.layerMany({
    account: (id) => {
      const { password, username: userName } = Tenant.credentials(id)
      return Effect.succeed({
        baseUrl: `${origin}/${id}`,
        credentials: { userName, password },
        policy: { refresh: RefreshPolicy.beforeExpiry({ fraction: 0.5 }) }
      })
    }
  })

  const story = Effect.gen(function* () {
    const many = yield* LrsConnectAuth.Many
    const ids = Tenant.ids(count)
    const call = (some: ReadonlyArray<string>) =>
      Effect.forEach(some, (id) => Effect.flatMap(many.of(id).httpClient.get("/v3/accounts"), ({ text }) => text), {
        concurrency: 32,
        discard: true
      })
    yield* narrator.say("the app", "plain", "has its layer; nothing was sent, and no tenant was looked up")

    const half = Math.floor(count / 2)
    yield* call(ids.slice(0, half))
    const before = yield* heap
    yield* call(ids.slice(half))
    const each = ((yield* heap) - before) / (count - half)
    const first = yield* saw
    yield* narrator.say(
      "the app",
      "good",
      `called the API once for each tenant: ${number(first.calls)} answers, ${number(first.logins)} logins`
    )

    let seen = first
    while (seen.fewest < rounds) {
      yield* Effect.sleep("2 seconds")
      seen = yield* saw
      yield* narrator.say("schedule", "good", `${number(seen.refreshes)} refreshes so far, with nobody asking`)
    }
    yield* call(ids)
    const last = yield* saw
    yield* narrator.say("the app", "good", `called again for each tenant: ${number(last.calls - first.calls)} answers`)

    const seconds = ((yield* Clock.currentTimeMillis) - begun) / 1_000
    yield* narrator.table([
      ["what the vendor saw, and what it cost", ""],
      ["tenants", number(count)],
      ["logins", number(last.logins)],
      ["refreshes", number(last.refreshes)],
      ["refreshes per tenant", last.fewest === last.most ? `${last.most}` : `${last.fewest} to ${last.most}`],
      ["API calls answered", number(last.calls)],
      ["refresh tokens presented twice", number(last.reuses)],
      ["memory per tenant", count < measurable ? "too few to tell" : `${(each / 1_024).toFixed(1)} KiB`],
      ["time", `${seconds.toFixed(1)} s`]
    ])
    const isAsTold = last.logins === count && last.calls === 2 * count && last.reuses + last.violations === 0
    if (!isAsTold) {
      return yield* new NotAsTold({
        message: "tenants: each should log in once, be answered with its own token, and present no token twice"
      })
    }
  })
  yield* Effect.provide(story, layer)
}, Effect.scoped)
