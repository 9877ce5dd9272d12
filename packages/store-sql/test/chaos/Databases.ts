/**
 * Databases that the processes share, made for one run and thrown away.
 *
 * Decided here: where they are. Not here: how a process opens one (`Stores`).
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Postgres from "../Postgres.ts"
import type { Address } from "./Stores.ts"

/** What there is. */
export const names = ["sqlite", "postgresql"] as const
export type Name = (typeof names)[number]

export { missing } from "../Postgres.ts"

/** Whether it cannot be had on this machine. */
export const isMissing = (name: Name): boolean => name === "postgresql" && Postgres.programs === undefined

/** A database of its own, until the scope closes; `crash` ends its server like a power failure, and starts it again. */
export const make = (
  name: Name
): Effect.Effect<{ readonly store: Address; readonly crash: Effect.Effect<void> | undefined }, never, Scope.Scope> =>
  name === "sqlite" ? sqlite : postgresql

const sqlite = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "vendor-auth-chaos-"))),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
  ),
  (folder) => ({ store: `sqlite:${join(folder, "sessions.db")}`, crash: undefined })
)

const postgresql = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => Postgres.start({ max_connections: "100" })),
    (server) => Effect.promise(() => server.stop())
  ),
  (server) => ({
    store: server.url,
    crash: Effect.promise(async () => {
      await server.crash()
      await server.start()
    })
  })
)
