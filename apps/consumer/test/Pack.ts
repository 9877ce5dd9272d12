// Tarballs, and projects that install them.
// Decided here: that a package is packed as it would be published, and that a project resolves each of ours to its
// tarball, since no version is published yet. Not here: what a tarball must hold, and what is tried with it.
import { execFile } from "node:child_process"
import { existsSync, readdirSync } from "node:fs"
import { cp, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

export const root = join(import.meta.dirname, "../../..")

/** The names of the published packages, without their scope. */
export const names: ReadonlyArray<string> = readdirSync(join(root, "packages"))
  .filter((name) => existsSync(join(root, "packages", name, "package.json")))
  .toSorted()

/** Runs a command; gives what it printed, or fails with all that it said. */
export const run = async (cwd: string, command: string, ...args: ReadonlyArray<string>): Promise<string> => {
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

export const manifest = async (file: string): Promise<any> => JSON.parse(await readFile(file, "utf8"))

/** Packs the package in a folder; gives the tarball's file. */
export const pack = async (source: string, destination: string): Promise<string> => {
  const { filename } = JSON.parse(await run(source, "pnpm", "pack", "--json", "--pack-destination", destination))
  return filename
}

/** Makes a project that installs tarballs of ours beside what the registry has, and runs nothing of what it installs. */
export const project = async (
  folder: string,
  tarballs: Readonly<Record<string, string>>,
  options: { readonly ours: ReadonlyArray<string>; readonly others: ReadonlyArray<string>; readonly from?: string }
): Promise<void> => {
  await mkdir(folder, { recursive: true })
  if (options.from !== undefined) await cp(options.from, folder, { recursive: true })
  const { packageManager } = await manifest(join(root, "package.json"))
  const manifests = ["package.json", ...names.map((name) => `packages/${name}/package.json`)]
  const versions = await Promise.all(manifests.map(async (file) => (await manifest(join(root, file))).devDependencies))
  const devDependencies = Object.assign({}, ...versions)
  const local = Object.fromEntries(
    Object.entries(tarballs).map(([name, file]) => [`@vendor-auth/${name}`, `file:${file}`])
  )
  const isOurs = new Set(options.ours.map((name) => `@vendor-auth/${name}`))
  await writeFile(
    join(folder, "package.json"),
    JSON.stringify({
      name: "stranger",
      private: true,
      type: "module",
      packageManager,
      dependencies: {
        ...Object.fromEntries(Object.entries(local).filter(([name]) => isOurs.has(name))),
        ...Object.fromEntries(options.others.map((name) => [name, devDependencies[name]]))
      },
      // No version is published yet, so that what a tarball asks for has to be the other tarball.
      pnpm: { overrides: local }
    })
  )
  const flags = ["--ignore-workspace", "--prefer-offline", "--no-frozen-lockfile", "--ignore-scripts"]
  await run(folder, "pnpm", "install", ...flags)
}

/** The programs of a README: what stands in its `ts` fences. */
export const programs = async (readme: string): Promise<ReadonlyArray<string>> => {
  const text = await readFile(join(root, readme), "utf8")
  return Array.from(text.matchAll(/^```ts\n([^]*?)^```$/gm), ([, code]) => code!)
}

/** Compiles TypeScript as the strictest stranger does: the declarations of everything installed are checked too. */
export const compile = async (folder: string, types: ReadonlyArray<string> = []): Promise<void> => {
  const compilerOptions = {
    module: "NodeNext",
    target: "ES2022",
    lib: ["ES2023", "DOM", "DOM.Iterable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    types
  }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["**/*.ts"] }))
  await run(folder, join(root, "node_modules/.bin/tsc"), "-p", "tsconfig.json", "--pretty", "false")
}
