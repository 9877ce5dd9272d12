// What a program weighs when it is bundled: our built modules, minified together, and compressed by gzip at its best.
// Decided here: that Rolldown bundles, that ours are the built files by what is published, and that `effect`
// stays outside unless it is asked for. Not here: which programs are weighed and what is too much (`Budgets`).
import { relative } from "node:path"
import { gzipSync } from "node:zlib"
import { type Plugin, rolldown } from "rolldown"
import * as Published from "../Published.ts"

/** A bundle's bytes, and which of our modules are in it, with the bytes of each before compression. */
export interface Bundle {
  readonly minified: number
  readonly gzip: number
  readonly modules: ReadonlyMap<string, number>
  readonly code: string
}

const entry = "\0program"

/** Bundles a program's text. */
export const bundle = async (
  program: string,
  options: { readonly isEffectInside?: boolean; readonly outside?: ReadonlyArray<string> } = {}
): Promise<Bundle> => {
  const all = Published.packages()
  const ours: Plugin = {
    name: "published",
    resolveId: (specifier) => {
      if (specifier === "program") return entry
      if (!specifier.startsWith("@vendor-auth/")) return null
      const isOutside = options.outside?.some((name) => specifier === name || specifier.startsWith(`${name}/`)) === true
      return isOutside
        ? { id: specifier, external: true }
        : { id: Published.moduleOf(all, specifier), moduleSideEffects: false }
    },
    load: (id) => (id === entry ? { code: program, moduleType: "js" } : null)
  }
  const build = await rolldown({
    input: "program",
    cwd: Published.root + "/apps/surface",
    external: options.isEffectInside === true ? [/^node:/] : [/^effect(\/|$)/, /^node:/],
    plugins: [ours],
    platform: "neutral",
    onLog: (level, log) => {
      if (level === "warn") throw new Error(log.message)
    }
  })
  try {
    const { output } = await build.generate({ format: "esm", minify: true })
    const [chunk, ...more] = output
    if (more.length > 0) throw new Error("a program is one chunk")
    const modules = Object.entries(chunk.modules).flatMap(([id, { renderedLength }]) =>
      id.includes("/packages/") && renderedLength > 0 ? [[relative(Published.root, id), renderedLength] as const] : []
    )
    const { code } = chunk
    return { minified: code.length, gzip: gzipSync(code, { level: 9 }).length, modules: new Map(modules), code }
  } finally {
    await build.close()
  }
}
