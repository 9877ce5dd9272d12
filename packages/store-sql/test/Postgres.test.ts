// The store in PostgreSQL, by the suite that every store passes.
import { PgClient } from "@effect/sql-pg"
import * as TokenStoreSuite from "@vendor-auth/testing/TokenStoreSuite"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { SqlTokenStore } from "../src/index.ts"
import { afterAll, it } from "vitest"
import { keys } from "./Keys.ts"
import * as Postgres from "./Postgres.ts"

if (Postgres.programs === undefined) {
  process.stderr.write(`\n${Postgres.missing}\n\n`)
  it.skip(Postgres.missing)
} else {
  const server = await Postgres.start()
  afterAll(server.stop, 60_000)
  const client = PgClient.layer({ url: Redacted.make(server.url), maxConnections: 4 })
  TokenStoreSuite.suite("the store in PostgreSQL", Layer.provide(SqlTokenStore.layer({ keys }), client))
}
