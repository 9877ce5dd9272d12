// What a least program weighs, and what its import costs. Arguments: repetitions. Prints one line of JSON.
// Decided here: esbuild bundles and minifies, gzip at its best compresses; imports run in fresh processes, from
// node_modules as they are and from the bundle, round by round. Not here: what is subtracted from what.
import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { load, names } from "../peers/index.ts"

const repetitions = Number(process.argv[2])
const app = join(import.meta.dirname, "..")
const folder = join(app, "dist/bundles")
mkdirSync(folder, { recursive: true })

// Some CommonJS dependencies call require() for what Node has: the bundle is an ES module and gets one.
const banner = 'import{createRequire as __require}from"node:module";const require=__require(import.meta.url);'

const weigh = async (name: string, file: string) => {
  const plain = join(app, "entries", file)
  const bundled = join(folder, file.replace(/\.js$/, ".mjs"))
  const isOutside = name.includes("effect outside")
  const { metafile } = await build({
    entryPoints: [plain],
    bundle: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node22",
    outfile: bundled,
    metafile: true,
    logLevel: "error",
    external: isOutside ? ["effect"] : [],
    ...(!isOutside && { banner: { js: banner } })
  })
  const bytes = readFileSync(bundled)
  const files = Object.keys(metafile.inputs).length
  return { name, plain, bundled, min: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, files }
}

const time = (file: string): { readonly cpu: number; readonly wall: number } => {
  const code = `
    const wall = process.hrtime.bigint(), before = process.cpuUsage()
    await import(${JSON.stringify(`file://${file}`)})
    const { system, user } = process.cpuUsage(before), after = process.hrtime.bigint()
    process.stderr.write("\\n" + JSON.stringify({ cpu: (user + system) / 1e3, wall: Number(after - wall) / 1e6 }))
    process.exit(0)`
  const { stderr } = spawnSync(process.execPath, ["--no-warnings", "--input-type=module", "-e", code], {
    encoding: "utf8",
    timeout: 20_000
  })
  return JSON.parse(stderr.trim().split("\n").at(-1)!)
}

const entries = []
for (const peer of names) {
  for (const [name, file] of Object.entries((await load(peer)).entries ?? {})) {
    entries.push({ ...(await weigh(name, file)), times: [] as Array<object> })
  }
}
for (let i = 0; i < repetitions; i++) {
  for (const { bundled, plain, times } of entries) times.push({ plain: time(plain), bundled: time(bundled) })
}
console.log(
  JSON.stringify({ entries: entries.map(({ files, gzip, min, name, times }) => ({ files, gzip, min, name, times })) })
)
process.exit(0)
