// `pnpm api`: writes each package's public surface down as packages/<name>/api.md, which is reviewed like code.
// Decided here: where a report stands, and what is said of one that was out of date.
// Not here: what a report holds (`Report`), and that an outdated one fails a change (`test/Api.test.ts`).
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Published from "../Published.ts"
import * as Report from "./Report.ts"

for (const pkg of Published.packages()) {
  const folder = join(Published.root, pkg.path)
  const file = join(folder, "api.md")
  const made = Report.report(pkg, join(folder, "dist"))
  const kept = existsSync(file) ? readFileSync(file, "utf8") : ""
  if (kept === made) console.log(`${pkg.path}/api.md is up to date`)
  else {
    writeFileSync(file, made)
    console.log(`${pkg.path}/api.md is written anew: read its diff, and say in a changeset what it means for users`)
  }
}
