// The frame around every page: navigation, search, the page's own headings.
// Decided here: that a page loads nothing but two files of the site, works without JavaScript (search apart), and is
// read by keyboard and screen reader in the order that it has for the eye. Not here: colours and widths (`site.css`).
import { dirname, relative } from "node:path"
import { escape } from "./Markdown.ts"

/** A page before its frame. */
export interface Page {
  /** In the site. */
  readonly url: string
  readonly title: string
  readonly html: string
  readonly headings: ReadonlyArray<{ readonly depth: number; readonly id: string; readonly text: string }>
}

/** A heading of the navigation, and what stands under it. */
export interface Group {
  readonly title: string
  readonly links: ReadonlyArray<{ readonly url: string; readonly title: string }>
}

/** The way from one page to another file of the site. */
export const from = (page: string, to: string): string => relative(dirname(page), to)

/** A page as a whole document. */
export const document = (page: Page, groups: ReadonlyArray<Group>): string => {
  const at = (to: string) => escape(from(page.url, to))
  const links = groups
    .map(({ links, title }) => {
      const items = links.map(({ title, url }) => {
        const current = url === page.url ? ' aria-current="page"' : ""
        return `<li><a href="${at(url)}"${current}>${escape(title)}</a></li>`
      })
      return `<h2>${escape(title)}</h2>\n<ul>${items.join("\n")}</ul>`
    })
    .join("\n")
  const own = page.headings.filter(({ depth }) => depth === 2)
  const contents =
    own.length < 2
      ? ""
      : `<nav class="contents" aria-label="On this page"><h2>On this page</h2><ul>${own
          .map(({ id, text }) => `<li><a href="#${id}">${escape(text)}</a></li>`)
          .join("\n")}</ul></nav>`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(page.title)}${page.title === "vendor-auth" ? "" : " · vendor-auth"}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${at("site.css")}">
<script src="${at("search.js")}" defer></script>
<script src="${at("site.js")}" defer></script>
</head>
<body data-root="${escape(from(page.url, "index.html").replace(/index\.html$/, ""))}">
<a class="skip" href="#main">Skip to the text</a>
<header>
<a class="home" href="${at("index.html")}">vendor-auth</a>
<div class="search" role="search">
<label for="search">Search</label>
<input id="search" type="search" placeholder="Search ( / )" autocomplete="off" aria-controls="found">
<ul id="found" hidden></ul>
</div>
</header>
<div class="columns">
<nav class="site" aria-label="Site"><details open><summary>Contents</summary>
${links}
</details></nav>
<main id="main" tabindex="-1">
${page.html}
</main>
${contents}
</div>
</body>
</html>
`
}
