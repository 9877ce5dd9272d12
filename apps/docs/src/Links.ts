// Every link of documents and of the site, checked: a file that is not there, an anchor that nothing has.
// Decided here: that a link within the repository must lead to a file of it, and one within the site to a page
// and an anchor of it. External links are listed and not fetched: whether they live is no matter of a build.
import { dirname, join, normalize } from "node:path"
import * as Markdown from "./Markdown.ts"

const isExternal = (href: string): boolean => /^[a-z][a-z+.-]*:/i.test(href)

/** The links of documents, by their paths, that lead nowhere: files and folders by `isThere`, anchors by their text. */
export const brokenInDocuments = (
  documents: ReadonlyMap<string, string>,
  isThere: (path: string) => boolean
): ReadonlyArray<string> =>
  [...documents].flatMap(([path, text]) =>
    Markdown.links(text)
      .filter((href) => !isExternal(href))
      .filter((href) => {
        const [file = "", anchor] = href.split("#")
        const target = file === "" ? path : normalize(join(dirname(path), decodeURI(file)))
        if (target.startsWith("..") || !(documents.has(target) || isThere(target))) return true
        if (anchor === undefined) return false
        const page = documents.get(target)
        return page === undefined || !Markdown.anchors(page).has(anchor)
      })
      .map((href) => `${path}: ${href}`)
  )

/** The addresses outside that documents name, each once. */
export const external = (documents: ReadonlyMap<string, string>): ReadonlyArray<string> =>
  [...new Set([...documents.values()].flatMap(Markdown.links).filter((href) => /^https?:/.test(href)))].toSorted()

const attribute = /\s(href|src|srcset)="([^"]*)"/g

/** The links of built pages, by their addresses, that lead nowhere; a page may load nothing from outside. */
export const brokenInSite = (files: ReadonlyMap<string, string | Uint8Array>): ReadonlyArray<string> => {
  const pages = [...files].filter((file): file is [string, string] => file[0].endsWith(".html"))
  const ids = new Map(
    pages.map(([url, html]) => [url, new Set(Array.from(html.matchAll(/\sid="([^"]*)"/g), ([, id]) => id))])
  )
  return pages.flatMap(([url, html]) =>
    Array.from(html.matchAll(attribute), ([, name, href]) => ({ name, href: href!.replaceAll("&amp;", "&") }))
      .filter(({ href, name }) => {
        if (isExternal(href)) return name !== "href"
        const [file = "", anchor] = href.split("#")
        const target = file === "" ? url : normalize(join(dirname(url), decodeURI(file)))
        return !files.has(target) || (anchor !== undefined && anchor !== "" && !ids.get(target)?.has(decodeURI(anchor)))
      })
      .map(({ href }) => `${url}: ${href}`)
  )
}
