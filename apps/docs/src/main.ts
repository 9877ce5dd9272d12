// `pnpm run docs` (pnpm keeps `pnpm docs` for itself): writes the site of guides, READMEs and the API reference to
// apps/docs/dist, for any static server.
// Decided here: that a broken link fails the build, and that external links are counted and listed with `--external`.
// Not here: what the site holds (`Site`).
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { parseArgs } from "node:util"
import * as Links from "./Links.ts"
import * as Repository from "./Repository.ts"
import * as Site from "./Site.ts"

const { values } = parseArgs({ options: { external: { type: "boolean", default: false } } })
const site = Site.build()
const documents = new Map(Repository.documents().map(({ path }) => [path, Repository.read(path)]))
const broken = [...Links.brokenInDocuments(documents, Repository.exists), ...Links.brokenInSite(site)]
for (const link of broken) console.error(`leads nowhere: ${link}`)
if (broken.length > 0) process.exit(1)

const folder = join(import.meta.dirname, "../dist")
rmSync(folder, { recursive: true, force: true })
for (const [url, content] of site) {
  mkdirSync(dirname(join(folder, url)), { recursive: true })
  writeFileSync(join(folder, url), content)
}
const outside = Links.external(documents)
if (values.external) for (const href of outside) console.log(href)
const pages = [...site.keys()].filter((url) => url.endsWith(".html")).length
console.log(`${pages} pages in ${relative(process.cwd(), folder)}: every link leads somewhere`)
console.log(`${outside.length} addresses outside are named and were not fetched (--external lists them)`)
