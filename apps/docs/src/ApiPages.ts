// The reference: for each package a page of its modules, each export with its docstring, its type and its source.
// Decided here: how a docstring's tags are shown, and where an export stands on its page. Not here: where they come
// from (`Declarations`).
import type { Module } from "./Declarations.ts"
import * as Highlight from "./Highlight.ts"
import * as Layout from "./Layout.ts"
import * as Markdown from "./Markdown.ts"

/** Where a source's page is in the site. */
export const sourceUrl = (path: string): string => `source/${path}.html`

/** `@default` as a sentence; what points to another name as code. */
const readable = (text: string): string =>
  text
    .replace(/^@default\s+(.*)$/gm, "\nDefault: $1")
    .replace(/\s@default\s+(\S.*)$/gm, " Default: $1")
    .replace(/\{@link\s+([^}]+)\}/g, "`$1`")

const mark = (anchor: string, name: string): string =>
  `<a class="anchor" href="#${anchor}" aria-label="Link to ${name}">#</a>`

/** The page of one package, and what the search finds on it. */
export const page = (pkg: string, modules: ReadonlyArray<Module>) => {
  const url = `api/${pkg}.html`
  const title = `@vendor-auth/${pkg}`
  const headings: Array<Layout.Page["headings"][number]> = []
  const found: Array<{ readonly title: string; readonly url: string }> = []
  const render = (text: string) =>
    Markdown.render(
      readable(text),
      (href) => href,
      (heading) => `doc-${heading}`
    ).html.replace(/<(\/?)h[1-6]/g, "<$1p")

  const sections = modules.map((module) => {
    const id = module.name
    headings.push({ depth: 2, id, text: module.name })
    found.push({ title: `${module.name} (module)`, url: `${url}#${id}` })
    const entries = module.declarations.map((declared) => {
      const anchor = `${id}.${declared.name}`
      found.push({ title: anchor, url: `${url}#${anchor}` })
      const source = `${Layout.from(url, sourceUrl(declared.path))}#L${declared.line}`
      const named = `<code>${declared.name}</code> <small>${declared.kind}</small>`
      return `<section class="export">
<h3 id="${anchor}">${named} ${mark(anchor, declared.name)}</h3>
${render(declared.text)}
<div class="code">${Highlight.block(declared.code, "ts")}</div>
<p class="source"><a href="${source}">Source</a></p>
</section>`
    })
    return `<h2 id="${id}">${module.name} ${mark(id, module.name)}</h2>
<p class="source">from <code>${module.imported}</code></p>
${render(module.text)}
${entries.join("\n")}`
  })
  const about = Layout.from(url, `packages/${pkg}.html`)
  const html = `<h1 id="api">API of <code>${title}</code></h1>
<p>What can be imported, as the compiler declares it. <a href="${about}">What it is for</a>.</p>
${sections.join("\n")}`
  const made: Layout.Page = { url, title: `API of ${title}`, html, headings }
  return { page: made, found }
}
