// The store in a SQLite file, by the suite that every store passes.
import * as TokenStoreSuite from "@vendor-auth/testing/TokenStoreSuite"
import * as Fs from "node:fs"
import { join } from "node:path"
import { afterAll } from "vitest"
import { SqlTokenStore } from "../src/index.ts"
import { keys } from "./Keys.ts"
import * as Scratch from "./Scratch.ts"

const path = Scratch.folder("store")
afterAll(() => Fs.rmSync(path, { recursive: true }))

TokenStoreSuite.suite("the store in SQLite", SqlTokenStore.layerSqlite({ filename: join(path, "sessions.db"), keys }))
