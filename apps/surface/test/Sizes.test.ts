// What the packages weigh in a bundle, and that a bundle has nothing that the program does not use.
// Decided here: that a budget is a limit, and which imports must leave what out. Not here: the budgets and their
// reasons (`src/size/Budgets.ts`).
import { assert, describe, it } from "vitest"
import * as Bundle from "../src/size/Bundle.ts"
import { budgets, withVendor } from "../src/size/Budgets.ts"

const packagesIn = ({ modules }: Bundle.Bundle) =>
  [...new Set([...modules.keys()].map((path) => path.split("/")[1]!))].toSorted()

describe("sizes", () => {
  it.each(budgets.map((budget) => [budget.what, budget] as const))("%s: within its budget", async (_, budget) => {
    const bytes = await budget.weigh()
    assert.isAbove(bytes, 0)
    assert.isAtMost(bytes, budget.gzip, "`pnpm size` shows where the bytes go")
  })
})

describe("tree-shaking", () => {
  it.each(["logisense", "lrs-connect", "itempath", "oauth2"])(
    "%s pulls in core and no other vendor, no store of its own package and nothing of testing",
    async (vendor) => {
      const bundle = await Bundle.bundle(`export * from "@vendor-auth/${vendor}"`)
      assert.deepStrictEqual(packagesIn(bundle), ["core", vendor].toSorted())
    }
  )

  it("a program that imports three vendors and uses one has the code of one", async () => {
    const program = `
      import { ItemPathAuth } from "@vendor-auth/itempath"
      import { LogiSenseAuth } from "@vendor-auth/logisense"
      import { LrsConnectAuth } from "@vendor-auth/lrs-connect"
      import { SqlTokenStore } from "@vendor-auth/store-sql"
      import { TestAuth } from "@vendor-auth/testing"
      export const layer = ItemPathAuth.layerConfig(ItemPathAuth.config)`
    assert.deepStrictEqual(packagesIn(await Bundle.bundle(program)), ["core", "itempath"])
  })

  it("the errors alone bring nothing of the machine with them", async () => {
    const { modules } = await Bundle.bundle('export { AuthError } from "@vendor-auth/core"')
    assert.deepStrictEqual([...modules.keys()], ["packages/core/dist/AuthError.js"])
  })

  it("an import that is not used leaves nothing", async () => {
    const { modules } = await Bundle.bundle(
      'import { LogiSenseAuth } from "@vendor-auth/logisense"; export const x = 1'
    )
    assert.deepStrictEqual([...modules.keys()], [])
  })

  it("what the README shows is whole: the vendor and core's engine are in its bundle", async () => {
    const { modules } = await Bundle.bundle(withVendor, { isEffectInside: true })
    assert.include([...modules.keys()], "packages/logisense/dist/LogiSenseAuth.js")
    assert.include([...modules.keys()], "packages/core/dist/TokenEngine.js")
  })
})
