// The packed packages in a stranger's project: plain JavaScript on plain Node, with nothing of this workspace in reach.
// Decided here: what the tarballs must hold and on which versions of Node they are tried. Not here: what is tried with
// them, which is in `project`; its servers are written from the vendors' pages and share nothing with the simulators.
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { compile, manifest, names, pack, programs, project, root, run } from "./Pack.ts"

let folder = ""
const tarballs: Record<string, string> = {}
const bin = (name: string) => join(import.meta.dirname, "../node_modules/.bin", name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vendor-auth-consumer-"))
  for (const name of names) {
    tarballs[name] = await pack(join(root, "packages", name), folder)
    await mkdir(join(folder, "unpacked", name), { recursive: true })
    await run(folder, "tar", "-xzf", tarballs[name], "-C", join(folder, "unpacked", name), "--strip-components=1")
  }
  await project(join(folder, "project"), tarballs, {
    ours: names,
    others: ["effect", "@effect/platform-node", "@effect/sql-pg", "@effect/vitest", "vitest", "@types/node"],
    from: join(import.meta.dirname, "../project")
  })
}, 120_000)

afterAll(() => rm(folder, { recursive: true, force: true }))

describe("K. Supply chain", () => {
  it.each(names)("K1: %s runs nothing when it is installed, and needs nothing but effect and core", async (name) => {
    const { dependencies, optionalDependencies, peerDependencies, scripts } = await manifest(
      join(folder, "unpacked", name, "package.json")
    )
    const isLifecycle = /^(pre|post)?(install|uninstall|prepare|publish|pack)$|^prepublishOnly$|^dependencies$/
    assert.deepStrictEqual(
      Object.keys(scripts ?? {}).filter((script) => isLifecycle.test(script)),
      []
    )
    assert.deepStrictEqual(Object.keys(dependencies ?? {}), name === "core" ? [] : ["@vendor-auth/core"])
    assert.isUndefined(optionalDependencies)
    assert.property(peerDependencies, "effect")
  })

  it.each(names)(
    "K2: %s holds its sources, their JavaScript, declarations and maps, and nothing else",
    async (name) => {
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
    }
  )

  it("K3: the packages install with --ignore-scripts, and every file that is installed is pinned by its integrity", async () => {
    const lock = await readFile(join(root, "pnpm-lock.yaml"), "utf8")
    const resolutions = lock.match(/^ {4}resolution: .*$/gm) ?? []
    assert.isAbove(resolutions.length, 100)
    assert.deepStrictEqual(
      resolutions.filter((line) => !line.includes("{integrity: sha512-")),
      []
    )
    // The project of these tests was installed so.
    assert.isTrue(existsSync(join(folder, "project/node_modules/@vendor-auth/core/dist/index.js")))
  })
})

describe("each tarball", () => {
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

  it.each(names)("%s passes publint, its suggestions taken for faults", { timeout: 60_000 }, async (name) => {
    const said = await run(folder, bin("publint"), "run", tarballs[name]!, "--strict", "--level", "suggestion")
    assert.match(said, /All good!/)
  })

  it.each(names)(
    "%s gives a compiler its types in every way that an ES module is resolved",
    { timeout: 60_000 },
    async (name) => {
      await run(folder, bin("attw"), tarballs[name]!, "--profile", "esm-only", "--no-emoji", "--no-color")
    }
  )
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

  it("sees the packages' types, and compiles every program of the READMEs", { timeout: 120_000 }, async () => {
    const readmes = ["README.md", ...names.map((name) => `packages/${name}/README.md`)]
    const found = (await Promise.all(readmes.filter((file) => existsSync(join(root, file))).map(programs))).flat()
    assert.isAbove(found.length, 10)
    await Promise.all(
      found.map((code, index) => writeFile(join(folder, "project", `Readme${index}.ts`), `${code}\nexport {}\n`))
    )
    // The declarations of @effect/vitest and @effect/platform-node lean on Node's.
    await compile(join(folder, "project"), ["node"])
  })

  it.each(["logisense", "lrs-connect", "itempath"])(
    "compiles the READMEs' programs with effect and @vendor-auth/%s and nothing else installed",
    { timeout: 120_000 },
    async (vendor) => {
      const own = join(folder, `only-${vendor}`)
      await project(own, tarballs, { ours: [vendor], others: ["effect"] })
      assert.deepStrictEqual((await readdir(join(own, "node_modules/@vendor-auth"))).toSorted(), [vendor])
      const isInReach = (code: string) =>
        Array.from(code.matchAll(/from "([^"]+)"/g), ([, from]) => from!).every(
          (from) => /^effect(\/|$)/.test(from) || from === `@vendor-auth/${vendor}`
        )
      const found = [...(await programs("README.md")), ...(await programs(`packages/${vendor}/README.md`))]
      const inReach = found.filter(isInReach)
      assert.isNotEmpty(inReach)
      await Promise.all(inReach.map((code, index) => writeFile(join(own, `Readme${index}.ts`), `${code}\nexport {}\n`)))
      await compile(own)
    }
  )

  const old = join(import.meta.dirname, "../node_modules/node-22-linux-x64/bin/node")
  // Not the one that runs this: what comes first on the PATH of this app is the old one.
  const current = join(import.meta.dirname, "../../../node_modules/node/bin/node")
  const nodes = [["Node 24", current] as const, ...(existsSync(old) ? [["Node 22", old] as const] : [])]
  if (!existsSync(old)) console.warn("Node 22 is not tried here: its binary is installed on Linux with x64 alone")

  it.each(nodes)(
    "passes its own tests against the vendors' documented servers, on %s",
    { timeout: 60_000 },
    async (_, node) => {
      const report = await run(join(folder, "project"), node, "--test", "--test-reporter=spec")
      assert.match(report, /^ℹ fail 0$/m)
      assert.notMatch(report, /^ℹ tests 0$/m)
      assert.match(await run(folder, node, "--version"), node === old ? /^v22\./ : /^v2[4-9]\./)
    }
  )
})
