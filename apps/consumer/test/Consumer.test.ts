// The packed packages in a stranger's project: plain JavaScript on plain Node, with nothing of this workspace in reach.
// Decided here: how the project is made and what the tarballs must hold. Not here: what is tried with them, which is
// in `project`; its servers are written from the vendors' pages and share nothing with the simulators.
import { execFile } from "node:child_process"
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const names = ["core", "testing", "logisense", "lrs-connect", "itempath", "oauth2"]
const root = join(import.meta.dirname, "../../..")
const packages = names.map((name) => ({ name, folder: join(root, "packages", name) }))

let folder = ""
const tarballs: Record<string, string> = {}

const run = async (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> => {
  // The test runner's own variables would have `node --test` report to it.
  const { NODE_OPTIONS: _options, NODE_TEST_CONTEXT: _context, ...env } = process.env
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 })
    return stdout
  } catch (error) {
    const { stderr, stdout } = error as { readonly stderr: string; readonly stdout: string }
    throw new Error(`${command} ${args.join(" ")}\n${stdout}\n${stderr}`, { cause: error })
  }
}

const manifest = async (file: string): Promise<any> => JSON.parse(await readFile(file, "utf8"))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vendor-auth-consumer-"))
  for (const { folder: source, name } of packages) {
    const { filename } = JSON.parse(await run(source, "pnpm", "pack", "--json", "--pack-destination", folder))
    tarballs[name] = filename
    await mkdir(join(folder, "unpacked", name), { recursive: true })
    await run(folder, "tar", "-xzf", filename, "-C", join(folder, "unpacked", name), "--strip-components=1")
  }
  const { devDependencies, packageManager } = await manifest(join(root, "package.json"))
  const local = Object.fromEntries(names.map((name) => [`@vendor-auth/${name}`, `file:${tarballs[name]}`]))
  const project = join(folder, "project")
  await cp(join(import.meta.dirname, "../project"), project, { recursive: true })
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({
      name: "stranger",
      private: true,
      type: "module",
      packageManager,
      dependencies: {
        ...local,
        effect: devDependencies.effect,
        "@effect/platform-node": devDependencies["@effect/platform-node"]
      },
      // No version is published yet, so that what a tarball asks for has to be the other tarball.
      pnpm: { overrides: local }
    })
  )
  await run(project, "pnpm", "install", "--ignore-workspace", "--prefer-offline", "--no-frozen-lockfile")
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe("each tarball", () => {
  it.each(names)("%s holds its sources, their JavaScript, declarations and maps, and nothing else", async (name) => {
    const unpacked = join(folder, "unpacked", name)
    const sources = (await readdir(join(root, "packages", name, "src"), { recursive: true }))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => file.slice(0, -3))
    const expected = sources.flatMap((file) => [
      `src/${file}.ts`,
      ...[".js", ".js.map", ".d.ts", ".d.ts.map"].map((end) => `dist/${file}${end}`)
    ])
    const files = (await readdir(unpacked, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1))
      .filter((file) => !["package.json", "README.md", "LICENSE", "CHANGELOG.md"].includes(file))
    assert.deepStrictEqual(files.toSorted(), expected.toSorted())
  })

  it.each(names)("%s points at its built files and asks for no version of the workspace's", async (name) => {
    const unpacked = join(folder, "unpacked", name)
    const { dependencies = {}, exports, peerDependencies } = await manifest(join(unpacked, "package.json"))
    assert.deepStrictEqual(exports["."], { types: "./dist/index.d.ts", default: "./dist/index.js" })
    for (const range of Object.values({ ...dependencies, ...peerDependencies })) {
      assert.notMatch(range as string, /workspace|catalog|file|link/)
    }
  })

  it.each(names)("%s imports built files by .js, and has its top-level calls marked as pure", async (name) => {
    const dist = join(folder, "unpacked", name, "dist")
    const files = (await readdir(dist, { recursive: true })).filter((file) => file.endsWith(".js"))
    const texts = await Promise.all(files.map((file) => readFile(join(dist, file), "utf8")))
    for (const text of texts) assert.notMatch(text, /from "\.[^"]*\.ts"/)
    // What a bundler may drop: a class that extends a call, for one, is kept unless the call is marked.
    for (const text of texts) assert.notMatch(text, /^(export )?class \w+ extends (?!\/\*#__PURE__\*\/)[\w.]+\(/m)
  })
})

describe("a stranger's project", () => {
  it("resolves every package to its tarball, once", async () => {
    const lock = await readFile(join(folder, "project/pnpm-lock.yaml"), "utf8")
    for (const name of names) {
      const versions = lock.match(new RegExp(`^  '@vendor-auth/${name}@[^(']*':$`, "gm")) ?? []
      assert.lengthOf(versions, 1)
      assert.include(versions[0]!, "file:")
    }
    assert.lengthOf(lock.match(/^  effect@[^(:]*:$/gm) ?? [], 1)
  })

  it("sees the packages' types", { timeout: 60_000 }, async () => {
    await run(join(folder, "project"), join(root, "node_modules/.bin/tsc"), "-p", "tsconfig.json", "--pretty", "false")
  })

  it("passes its own tests against the vendors' documented servers", { timeout: 60_000 }, async () => {
    const report = await run(join(folder, "project"), process.execPath, "--test", "--test-reporter=spec")
    assert.match(report, /^ℹ fail 0$/m)
    assert.notMatch(report, /^ℹ tests 0$/m)
  })
})
