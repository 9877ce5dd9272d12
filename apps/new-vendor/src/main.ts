// `pnpm new-vendor acme`: writes packages/acme, which compiles and passes the vendor suite as it stands, and enters it
// where the repository lists its packages.
// Decided here: what is refused before anything is written, and what is said at the end. Not here: the files
// (`Vendor`), and the lists (`Repository`). `--root` names another copy of the repository.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join, relative, resolve } from "node:path"
import { parseArgs } from "node:util"
import * as Repository from "./Repository.ts"
import * as Vendor from "./Vendor.ts"

const refuse = (why: string): never => {
  console.error(`pnpm new-vendor: ${why}`)
  process.exit(1)
}

const { positionals, values } = parseArgs({ allowPositionals: true, options: { root: { type: "string" } } })
const root = resolve(values.root ?? join(import.meta.dirname, "../../.."))
if (positionals.length !== 1) refuse("give one name, as in `pnpm new-vendor acme`")
const vendor = Vendor.named(positionals[0]!)
if (typeof vendor === "string") throw refuse(vendor)
if (!existsSync(join(root, "packages"))) refuse(`${root} is no copy of this repository`)
if (Vendor.exists(vendor, root)) refuse(`packages/${vendor.slug} exists: nothing was changed`)

const written = Vendor.write(vendor, join(root, "packages", vendor.slug))
const changed = Repository.enter(vendor, root)
// A name may be longer or shorter than the template's, and lines break elsewhere.
const own = join(import.meta.dirname, "../../..")
const isWindows = process.platform === "win32"
spawnSync(
  join(own, "node_modules/.bin/oxfmt"),
  ["-c", join(own, ".oxfmtrc.json"), `packages/${vendor.slug}`, "README.md"],
  { cwd: root, shell: isWindows }
)
for (const file of written) console.log(`+ ${relative(root, file)}`)
for (const file of changed) console.log(`~ ${file}`)
console.log(`
Now: pnpm install, and the suite is green: pnpm --filter @vendor-auth/${vendor.slug} test
Then replace what is assumed: the facts at the top of src/${vendor.pascal}Auth.ts, and the simulator.
docs/adding-a-vendor.md walks through it.`)
