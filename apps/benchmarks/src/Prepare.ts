// What a run needs: the peers, installed from this app's own lockfile, and our packages as they are published.
// Decided here: that ours is measured as built, with `publishConfig` in force, copied beside the app, so that what is
// edited meanwhile is not half measured; and that every part of a process loads the same `effect`, or nothing runs.
// Not here: what is measured.
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { findPackageJSON } from "node:module"
import { join } from "node:path"

const app = join(import.meta.dirname, "..")
const root = join(app, "../..")
const measured = ["core", "logisense"]

const run = (what: string, [command = "", ...rest]: ReadonlyArray<string>, cwd: string) => {
  console.log(`${what} (${[command.split("/").at(-1), ...rest].join(" ")})`)
  const { error, status } = spawnSync(command, rest, {
    cwd,
    stdio: "inherit",
    env: { ...process.env, DO_NOT_TRACK: "1", TURBO_TELEMETRY_DISABLED: "1" }
  })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${what} failed`)
}

/** The pnpm that runs this, or the one that the workspace names. */
const pnpm = (): ReadonlyArray<string> => {
  const running = process.env["npm_execpath"]
  if (running !== undefined && /pnpm[^/\\]*$/.test(running)) {
    return /\.[cm]?js$/.test(running) ? [process.execPath, running] : [running]
  }
  const { packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  return ["npx", "-y", packageManager]
}

const install = () => {
  const [wanted, installed] = ["pnpm-lock.yaml", "node_modules/.pnpm/lock.yaml"].map((name) => join(app, name))
  const isInstalled = existsSync(installed!) && readFileSync(wanted!, "utf8") === readFileSync(installed!, "utf8")
  if (!isInstalled) run("Installing the peers", [...pnpm(), "install", "--frozen-lockfile"], app)
}

const build = () => {
  run("Building our packages", [...pnpm(), "--filter", "@vendor-auth/logisense...", "build"], root)
  for (const name of measured) {
    const [from, to] = [join(root, "packages", name), join(app, "dist/packages", name)]
    rmSync(to, { recursive: true, force: true })
    mkdirSync(to, { recursive: true })
    cpSync(join(from, "dist"), join(to, "dist"), { recursive: true })
    const { publishConfig, ...manifest } = JSON.parse(readFileSync(join(from, "package.json"), "utf8"))
    writeFileSync(join(to, "package.json"), JSON.stringify({ ...manifest, exports: publishConfig.exports }))
  }
}

/** Two copies of Effect's runtime in one process would measure neither. */
const checkEffect = () => {
  const parents = [
    "peers",
    "node_modules/@effect/platform-node/package.json",
    ...measured.map((name) => `dist/packages/${name}/dist`)
  ]
  const found = parents.map((parent) => {
    const from = realpathSync(join(app, parent))
    const manifest = findPackageJSON("effect", `file://${from.endsWith(".json") ? from : `${from}/x.js`}`)
    if (manifest === undefined) throw new Error(`${parent} finds no effect`)
    return realpathSync(manifest)
  })
  if (new Set(found).size !== 1) throw new Error(`more than one effect would be loaded: ${found.join(", ")}`)
}

/** Everything that a run needs, with its progress told; nothing is done twice. */
export const prepare = (options: { readonly builds: boolean }): void => {
  if (options.builds) build()
  install()
  checkEffect()
}
