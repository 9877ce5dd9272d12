// The whole site, as a map from addresses to contents; nothing is written here.
// Decided here: what a link of a document becomes: a page where there is one, the source's own page where there is
// none. Not here: what a page holds (`Repository`, `ApiPages`), the frame (`Layout`), and whether links lead somewhere
// (`Links`).
import { readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"
import * as ApiPages from "./ApiPages.ts"
import * as Declarations from "./Declarations.ts"
import * as Highlight from "./Highlight.ts"
import * as Layout from "./Layout.ts"
import * as Markdown from "./Markdown.ts"
import * as Repository from "./Repository.ts"

/** The site's files by their addresses. */
export type Site = ReadonlyMap<string, string | Uint8Array>

const isPicture = (path: string): boolean => /\.(png|svg|jpg|webp)$/.test(path)

/** A source as a page whose lines have anchors. */
const sourcePage = (path: string): Layout.Page => {
  const language = path.split(".").at(-1)
  const numbered = Highlight.block(Repository.read(path), language)
    .split('<span class="line')
    .map((line, index) => (index === 0 ? line : `<span id="L${index}" class="line${line}`))
    .join("")
  const html = `<h1 id="source">${path}</h1>\n<div class="code numbered">${numbered}</div>`
  return { url: ApiPages.sourceUrl(path), title: path, html, headings: [] }
}

/** Builds it. */
export const build = (): Site => {
  const documents = Repository.documents()
  const urls = new Map(documents.map(({ path, url }) => [path, url]))
  const pictures = new Set<string>()
  const sources = new Set<string>()

  /** Where a path of the repository is in the site. */
  const urlOf = (path: string): string => {
    const readme = join(path, "README.md")
    const known = urls.get(path) ?? (Repository.isFolder(path) ? urls.get(readme) : undefined)
    if (known !== undefined) return known
    if (isPicture(path)) {
      pictures.add(path)
      return `pictures/${path}`
    }
    sources.add(path)
    return ApiPages.sourceUrl(path)
  }

  const pages: Array<Layout.Page> = documents.map(({ path, title, url }) => {
    const link = (href: string): string => {
      if (/^[a-z][a-z+.-]*:/i.test(href) || href.startsWith("#")) return href
      const [file = "", anchor] = href.split("#")
      const to = Layout.from(url, urlOf(normalize(join(dirname(path), file)).replace(/\/$/, "")))
      return anchor === undefined ? to : `${to}#${anchor}`
    }
    return { url, title, ...Markdown.render(Repository.read(path), link) }
  })

  const declared = Declarations.declare()
  const apis = Repository.packages.map((name) => ApiPages.page(name, Declarations.modules(name, declared)))
  for (const path of declared.keys()) sources.add(path)
  pages.push(...apis.map(({ page }) => page))
  // A link to what is not there is for `Links` to find.
  pages.push(...[...sources].filter((path) => Repository.exists(path) && !Repository.isFolder(path)).map(sourcePage))

  const group = (title: "Guides" | "Packages" | "Project"): Layout.Group => ({
    title,
    links: documents.filter((document) => document.group === title)
  })
  const reference = {
    title: "API reference",
    links: apis.map(({ page: { title, url } }) => ({ url, title: title.replace("API of @vendor-auth/", "") }))
  }
  const groups = [group("Guides"), group("Packages"), reference, group("Project")]

  const search = [
    ...pages
      .filter(({ url }) => !url.startsWith("source/") && !url.startsWith("api/"))
      .flatMap(({ headings, title, url }) => [
        { title, url },
        ...headings
          .filter(({ depth }) => depth > 1)
          .map(({ id, text }) => ({ title: `${text} · ${title}`, url: `${url}#${id}` }))
      ]),
    ...apis.flatMap(({ found }) => found)
  ]
  const asset = (name: string) => readFileSync(join(import.meta.dirname, "../assets", name), "utf8")
  return new Map<string, string | Uint8Array>([
    ...pages.map((page) => [page.url, Layout.document(page, groups)] as const),
    ...[...pictures]
      .filter(Repository.exists)
      .map((path) => [`pictures/${path}`, readFileSync(join(Repository.root, path))] as const),
    ["site.css", asset("site.css")],
    ["site.js", asset("site.js")],
    ["search.js", `globalThis.searchIndex = ${JSON.stringify(search.map(({ title, url }) => [title, url]))}\n`]
  ])
}
