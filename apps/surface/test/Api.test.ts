// The reviewed text of each package's public surface, compared with what is built.
// Decided here: that any difference fails, and shows itself. Not here: how a report is made (`src/api/Report.ts`).
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as Report from "../src/api/Report.ts"
import * as Published from "../src/Published.ts"

const hint = "the public surface is not the reviewed one: `pnpm api` writes it anew, `pnpm changeset` tells users"

describe("K. Supply chain", () => {
  it.each(Published.packages().map((pkg) => [pkg.name, pkg] as const))(
    "K5: nothing of %s's public surface changes without a review of its api.md",
    (_, pkg) => {
      const folder = join(Published.root, pkg.path)
      const file = join(folder, "api.md")
      const kept = existsSync(file) ? readFileSync(file, "utf8") : ""
      assert.deepStrictEqual(
        Report.report(pkg, join(folder, "dist")).split("\n"),
        kept.split("\n"),
        `${pkg.path}: ${hint}`
      )
    }
  )

  it("K5: what a package closes is in no report, but for the names that stand in what is open", () => {
    const core = Published.packages().find(({ name }) => name === "@vendor-auth/core")!
    const open = core.entries.map(({ specifier }) => specifier)
    assert.include(open, "@vendor-auth/core/TokenEngine")
    assert.notInclude(open, "@vendor-auth/core/Flight")
    assert.notMatch(Report.report(core, join(Published.root, "packages/core/dist")), /^#+ .*\b(Flight|Ledger)$/m)
  })
})
