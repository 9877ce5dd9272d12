// Code, coloured when the site is built: a reader's browser runs nothing for it.
// Decided here: the languages, and two themes at once, which the style sheet chooses between. Not here: the frame of a
// block, and the text around it (`Markdown`).
import { createHighlighter } from "shiki"
import { createJavaScriptRegexEngine } from "shiki/engine/javascript"

const languages = ["ts", "js", "sh", "json", "yaml", "html", "css"] as const
const names: Readonly<Record<string, string>> = { typescript: "ts", mjs: "js", jsonc: "json", yml: "yaml", bash: "sh" }

const highlighter = await createHighlighter({
  themes: ["github-light-default", "github-dark-default"],
  langs: [...languages],
  engine: createJavaScriptRegexEngine()
})

/** A block of code as HTML; of a language that is not known, plain. */
export const block = (code: string, language: string | undefined): string => {
  const named = names[language ?? ""] ?? language ?? ""
  return highlighter.codeToHtml(code.replace(/\n$/, ""), {
    lang: languages.some((known) => known === named) ? named : "text",
    themes: { light: "github-light-default", dark: "github-dark-default" },
    // The theme's comments are too pale on a panel.
    colorReplacements: { "#6e7781": "#57606a" },
    defaultColor: false
  })
}
