// The store in memory, by the suite that every store passes.
import * as TokenStore from "@vendor-auth/core/TokenStore"
import * as TokenStoreSuite from "../src/TokenStoreSuite.ts"

TokenStoreSuite.suite("the store in memory", TokenStore.layerMemory)
