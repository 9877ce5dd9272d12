/**
 * Which database the processes share.
 *
 * Decided here: how each process opens it, from a text that can be given to a child process. Not here: how a PostgreSQL
 * server is had (`Postgres`).
 */
import { PgClient } from "@effect/sql-pg"
import type * as Config from "effect/Config"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { SqlError } from "effect/sql/SqlError"
import { createHash } from "node:crypto"
import { SqlTokenStore } from "../../src/index.ts"

/** `sqlite:<file>` or `postgresql://…`. */
export type Address = string

/** Opens it. All processes seal by one key. */
export const layer = (
  address: Address
): Layer.Layer<SqlTokenStore.Store, SqlTokenStore.Fault | SqlError | Config.ConfigError> => {
  const keys = { current: "chaos", keys: { chaos: Redacted.make(createHash("sha256").update("chaos").digest()) } }
  if (address.startsWith("sqlite:"))
    return SqlTokenStore.layerSqlite({ filename: address.slice("sqlite:".length), keys })
  return SqlTokenStore.layer({ keys }).pipe(
    Layer.provide(PgClient.layer({ url: Redacted.make(address), maxConnections: 4 }))
  )
}
