// The site as `pnpm run docs` writes it: every link leads somewhere, nothing comes from outside, and what the guides owe
// their readers is in them.
import { assert, describe, it } from "vitest"
import * as Links from "../src/Links.ts"
import * as Markdown from "../src/Markdown.ts"
import * as Repository from "../src/Repository.ts"
import * as Site from "../src/Site.ts"

const documents = new Map(Repository.documents().map(({ path }) => [path, Repository.read(path)]))
const site = Site.build()
const pages = [...site].filter((file): file is [string, string] => file[0].endsWith(".html"))

describe("links", () => {
  it("every link of a README or a guide leads to a file and an anchor that are there", () => {
    assert.deepStrictEqual(Links.brokenInDocuments(documents, Repository.exists), [])
  })

  it("every link of the site leads to a page and an anchor of it", () => {
    assert.deepStrictEqual(Links.brokenInSite(site), [])
    assert.isAbove(pages.length, 50)
  })

  it("a file, an anchor, a way out of the repository, and a picture that are not there are found", () => {
    const broken = [
      "[a](no.md)",
      "[b](README.md#no)",
      "[c](#no)",
      "[d](../../out.md)",
      "![e](no.png)",
      '<img src="no.png">',
      "[f](node_modules/effect)"
    ]
    const fine = ["[g](docs/README.md#guides)", "[h](packages/core)", "[i](#title)", "[j](https://example.com/x)"]
    const made = new Map([
      ["README.md", `# Title\n\n${[...broken, ...fine].join("\n\n")}\n\n\`\`\`md\n[k](no.md)\n\`\`\`\n`],
      ["docs/README.md", "# Guides\n"]
    ])
    assert.lengthOf(Links.brokenInDocuments(made, Repository.exists), broken.length)
    const html =
      '<a href="b.html#x">1</a> <a href="b.html#no">2</a> <a href="no.html">3</a> <img src="https://a.example/x">'
    const built = new Map([
      ["a/a.html", html],
      ["a/b.html", '<p id="x">']
    ])
    assert.deepStrictEqual(Links.brokenInSite(built), [
      "a/a.html: b.html#no",
      "a/a.html: no.html",
      "a/a.html: https://a.example/x"
    ])
  })

  it("headings have the anchors that GitHub gives them", () => {
    const text = "# Two `code` words\n\n## What's new, in 2.0?\n\n## Again\n\n## Again\n"
    assert.deepStrictEqual([...Markdown.anchors(text)], ["two-code-words", "whats-new-in-20", "again", "again-1"])
  })
})

describe("pages", () => {
  it("load nothing but the site's own style, scripts and pictures", () => {
    for (const [url, html] of pages) {
      assert.notMatch(html, /<(script|img|iframe|source)[^>]*\s(src|srcset)="(https?:)?\/\//, url)
      assert.notMatch(html, /<link[^>]*href="(https?:)?\/\//, url)
    }
    for (const name of ["site.css", "site.js"]) assert.notMatch(site.get(name) as string, /https?:|@import|url\(/)
  })

  it("have one first heading, a language, a title, a way past the navigation, and no id twice", () => {
    for (const [url, html] of pages) {
      assert.lengthOf(html.match(/<h1[ >]/g) ?? [], 1, url)
      assert.match(html, /<html lang="en">[^]*<title>[^<]+<\/title>[^]*<a class="skip" href="#main">/, url)
      const ids = Array.from(html.matchAll(/\sid="([^"]*)"/g), ([, id]) => id)
      assert.deepStrictEqual(
        ids.filter((id, index) => ids.indexOf(id) !== index),
        [],
        url
      )
    }
  })

  it("show every published package: its README, and its API with a docstring for each export", () => {
    for (const name of Repository.packages) {
      assert.isTrue(site.has(`packages/${name}.html`), name)
      const html = site.get(`api/${name}.html`) as string
      const exports = html.match(/<section class="export">/g) ?? []
      assert.isAbove(exports.length, 3, name)
      const bare = Array.from(
        html.matchAll(/<h3 id="([^"]+)">.*<\/h3>\s*<div class="code">/g),
        ([, id]) => `${name}: ${id}`
      )
      assert.deepStrictEqual(bare, [])
    }
    const core = site.get("api/core.html") as string
    assert.include(core, 'id="AuthService.Shape"')
    assert.include(core, "A token good for at least")
  })

  it("are found by the search", () => {
    const index: ReadonlyArray<[string, string]> = JSON.parse((site.get("search.js") as string).slice(25))
    for (const wanted of ["AuthHttpClient.fromTag", "Getting started", "InvalidCredentials · Errors and recovery"]) {
      const url = index.find(([title]) => title === wanted)?.[1]
      assert.isTrue(url !== undefined && site.has(url.split("#")[0]!), wanted)
    }
  })
})

describe("guides", () => {
  it("explain every reason that an AuthError can have, and no other", () => {
    const source = Repository.read("packages/core/src/AuthError.ts")
    const list = /const reasons = \[([^\]]+)\]/.exec(source)![1]!
    const guide = Repository.read("docs/errors-and-recovery.md")
    const said = Array.from(guide.matchAll(/^### (\w+)$/gm), ([, name]) => name!)
    assert.deepStrictEqual(said.toSorted(), (list.match(/\w+/g) ?? []).toSorted())
    assert.lengthOf(said, 11)
  })

  it("name every metric there is, with its labels", () => {
    const sources = ["packages/core/src/Telemetry.ts", "packages/store-sql/src/Watch.ts"].map(Repository.read).join()
    const names = Array.from(sources.matchAll(/Metric\.(?:counter|gauge)\("(\w+)"/g), ([, name]) => name!)
    const guide = Repository.read("docs/observability.md")
    const rows = Array.from(guide.matchAll(/^\| `(vendor_auth_\w+)`/gm), ([, name]) => name!)
    assert.deepStrictEqual(rows.toSorted(), names.toSorted())
  })
})
