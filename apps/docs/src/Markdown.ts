// Markdown as HTML, with the anchors that GitHub gives, so that a link which works there works here.
// Decided here: how a heading becomes an anchor, and that tables scroll by themselves on a narrow screen. Where a link
// leads in the site is asked of whoever renders. Not here: the page around it.
import { Marked, type Token } from "marked"
import * as Highlight from "./Highlight.ts"

/** A rendered text. */
export interface Rendered {
  readonly html: string
  readonly headings: ReadonlyArray<{ readonly depth: number; readonly id: string; readonly text: string }>
}

/** Escapes text for HTML. */
export const escape = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")

/** Gives each heading of one document its anchor, in their order. */
export const slugger = () => {
  const seen = new Map<string, number>()
  return (text: string): string => {
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-")
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    return count === 0 ? slug : `${slug}-${count}`
  }
}

const plain = (tokens: ReadonlyArray<Token>): string =>
  tokens
    .map((token) => ("tokens" in token && token.tokens ? plain(token.tokens) : "text" in token ? token.text : ""))
    .join("")

/** Renders; `link` says where a link of this document leads in the site, and `id` makes anchors. */
export const render = (text: string, link: (href: string) => string, id = slugger()): Rendered => {
  const headings: Array<Rendered["headings"][number]> = []
  let tables = 0
  const marked = new Marked({
    renderer: {
      heading({ depth, tokens }) {
        const said = plain(tokens)
        const anchor = id(said)
        headings.push({ depth, id: anchor, text: said })
        const inner = this.parser.parseInline(tokens)
        const mark = depth === 1 ? "" : ` <a class="anchor" href="#${anchor}" aria-label="Link to this section">#</a>`
        return `<h${depth} id="${anchor}">${inner}${mark}</h${depth}>\n`
      },
      code: ({ lang, text }) => `<div class="code">${Highlight.block(text, lang?.split(" ")[0])}</div>\n`,
      link({ href, tokens }) {
        return `<a href="${escape(link(href))}">${this.parser.parseInline(tokens)}</a>`
      },
      image: ({ href, text }) => `<img src="${escape(link(href))}" alt="${escape(text)}" loading="lazy">`,
      html: ({ text }) => text.replace(/(src|srcset|href)="([^"]+)"/g, (_, name, href) => `${name}="${link(href)}"`),
      table(token) {
        const cell = (tag: string, { align, tokens }: { align: string | null; tokens: Array<Token> }) =>
          `<${tag}${align === null ? "" : ` class="${align}"`}>${this.parser.parseInline(tokens)}</${tag}>`
        const head = token.header.map((one) => cell("th", one)).join("")
        const rows = token.rows.map((row) => `<tr>${row.map((one) => cell("td", one)).join("")}</tr>`).join("\n")
        const whole = `<table><thead><tr>${head}</tr></thead>\n<tbody>${rows}</tbody></table>`
        return `<div class="table" tabindex="0" role="region" aria-label="Table ${++tables}">${whole}</div>\n`
      }
    }
  })
  return { html: marked.parse(text, { async: false }), headings }
}

/** The anchors of a document, as GitHub gives them. */
export const anchors = (text: string): ReadonlySet<string> => {
  const id = slugger()
  const tokens = new Marked().lexer(text)
  return new Set(tokens.flatMap((token) => (token.type === "heading" ? [id(plain(token.tokens ?? []))] : [])))
}

/** Where the links and pictures of a document lead, as they are written. */
export const links = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const marked = new Marked()
  marked.walkTokens(marked.lexer(text), (token) => {
    if (token.type === "link" || token.type === "image") found.push(token.href)
    if (token.type === "html") {
      for (const [, , href] of token.text.matchAll(/(src|srcset|href)="([^"]+)"/g)) found.push(href!)
    }
  })
  return found
}
