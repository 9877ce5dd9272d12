/**
 * `pnpm demo`: three vendors' tokens obtained, used, refreshed on schedule and healed, on the terminal.
 *
 * Decided here: the command line, and how the three layers are composed. Not here: what is told (`Story`, `Live`).
 */
import { NodeHttpClient, NodeRuntime, NodeServices } from "@effect/platform-node"
import { ConfigProvider, Console, Effect, Layer, Logger, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as Live from "./Live.ts"
import { Narrator } from "./Narrator.ts"
import * as Replicas from "./replicas/Replicas.ts"
import * as Story from "./Story.ts"
import * as Serve from "./serve/Serve.ts"
import * as Tenants from "./tenants/Tenants.ts"
import { itemPath, logiSense, lrsConnect } from "./Vendors.ts"

const ids = [logiSense.id, lrsConnect.id, itemPath.id]

/** The three vendors over simulators: one program, one client, three tags. */
const simulated = Effect.fnUntraced(
  function* (isWanted: (id: string) => boolean) {
    const narrator = yield* Narrator
    const logi = yield* logiSense.simulate
    const lrs = yield* lrsConnect.simulate
    const item = yield* itemPath.simulate
    const stories = [
      { id: logiSense.id, story: Story.tell(logiSense, logi) },
      { id: lrsConnect.id, story: Story.tell(lrsConnect, lrs) },
      { id: itemPath.id, story: Story.tell(itemPath, item) }
    ].filter(({ id }) => isWanted(id))
    yield* Console.log(
      "Simulated vendors on 127.0.0.1 with lives of a few seconds. No account, no network; about 10 s.\n"
    )
    const summaries = yield* Effect.all(
      stories.map(({ story }) => story),
      { concurrency: "unbounded" }
    ).pipe(Effect.provide(Layer.mergeAll(logi.layer, lrs.layer, item.layer)))
    yield* narrator.table(Story.rows(summaries))
  },
  Effect.scoped,
  Effect.timeout("30 seconds")
)

/** Names of the variables that are set, here and in `.env`. */
const environment = Effect.sync(() => {
  try {
    process.loadEnvFile()
  } catch {
    // There need not be one.
  }
  return new Set(Object.keys(process.env).filter((name) => process.env[name] !== ""))
})

/** The page, until it is interrupted. */
const serve = Effect.fnUntraced(function* (flags: { readonly live: boolean; readonly port: number }) {
  const set = flags.live ? yield* environment : undefined
  const address = yield* Effect.provideService(
    Effect.catchTag(Serve.serve({ port: flags.port, environment: set }), "ServeError", () =>
      Effect.fail(new Story.NotAsTold({ message: `port ${flags.port} cannot be had: choose another one with --port` }))
    ),
    ConfigProvider.ConfigProvider,
    ConfigProvider.fromEnv()
  )
  yield* Console.log(`${address}  (Ctrl+C ends it)`)
  return yield* Effect.never
}, Effect.scoped)

/** The live vendors that the environment and `.env` configure. */
const live = Effect.fnUntraced(function* (isWanted: (id: string) => boolean) {
  const set = yield* environment
  const tales = [
    { id: logiSense.id, tale: Live.tell(logiSense, set) },
    { id: lrsConnect.id, tale: Live.tell(lrsConnect, set) },
    { id: itemPath.id, tale: Live.tell(itemPath, set) }
  ].filter(({ id }) => isWanted(id))
  yield* Console.log("Live vendors, as the environment and .env configure them.\n")
  const outcomes = yield* Effect.forEach(tales, ({ tale }) => tale).pipe(
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv())
  )
  if (outcomes.includes("failed")) process.exitCode = 1
})

const isLive = Flag.Boolean("live").pipe(
  Flag.withDescription("Run against the live vendors that the environment and .env configure"),
  Flag.withDefault(false)
)

const page = Command.make(
  "serve",
  {
    live: isLive,
    port: Flag.Int("port").pipe(
      Flag.withDescription("Where the page is served; 0 for any free one"),
      Flag.filter(
        (port) => port >= 0 && port < 65_536,
        () => "Say 0 to 65535"
      ),
      Flag.withDefault(4400)
    )
  },
  serve
).pipe(
  Command.withDescription("The same as a live page on 127.0.0.1: timelines, counters, and buttons that make trouble")
)

/** A number that need not be said; if it is, one of these. */
const between = (least: number, most: number) => (flag: Flag.Flag<number>) =>
  flag.pipe(
    Flag.filter(
      (count) => count >= least && count <= most,
      () => `Say ${least} to ${most.toLocaleString("en-US")}`
    ),
    Flag.optional
  )

const command = Command.make(
  "demo",
  {
    vendor: Flag.Literals("vendor", ids).pipe(Flag.withDescription("Show one vendor only"), Flag.optional),
    live: isLive,
    replicas: Flag.Int("replicas").pipe(
      Flag.withDescription("So many processes (2 to 9) share one account in a SQLite file, and one is killed"),
      between(2, 9)
    ),
    tenants: Flag.Int("tenants").pipe(
      Flag.withDescription("So many tenants (100 to 10,000) of one vendor in one process, each with its own session"),
      between(100, 10_000)
    )
  },
  (flags) => {
    if (Option.isSome(flags.replicas)) return Effect.timeout(Replicas.tell(flags.replicas.value), "60 seconds")
    if (Option.isSome(flags.tenants)) return Effect.timeout(Tenants.tell(flags.tenants.value), "3 minutes")
    const isWanted = (id: string) => Option.getOrElse(flags.vendor, () => id) === id
    return flags.live ? live(isWanted) : simulated(isWanted)
  }
).pipe(
  Command.withDescription("Three vendors' tokens: obtained, used, refreshed on schedule, healed"),
  Command.withSubcommands([page])
)

Command.run(command, { version: "0.0.0" }).pipe(
  Effect.catchTag(["NotAsTold", "TimeoutError"], ({ message }) =>
    Effect.andThen(
      Console.error(`The demo failed: ${message}`),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )
  ),
  Effect.provide([
    Narrator.layer({ isTerminal: process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined }),
    NodeHttpClient.layerUndici,
    NodeServices.layer,
    // The story is told by the narrator; the library's own log lines would tell it twice.
    Logger.layer([])
  ]),
  NodeRuntime.runMain
)
