/**
 * The marks of the timeline, each with its sign in the legend.
 *
 * Decided here: their shapes. A shape tells as much as its colour does. Not here: where they stand (`Timeline`).
 *
 * @import { Exchange } from "../src/serve/News.ts"
 */
import { html, svg } from "../node_modules/lit-html/lit-html.js"

/** Half of a mark's width. */
export const radius = 6

/**
 * An exchange by its kind and outcome, around 0, 0.
 *
 * @param {Exchange["kind"]} kind
 * @param {Exchange["outcome"]} outcome
 */
export const exchange = (kind, outcome) => {
  switch (outcome) {
    case "Issued":
      return kind === "login"
        ? svg`<path class="mark login" d="M0 -7 L7 0 L0 7 L-7 0 Z" />`
        : svg`<circle class="mark refresh" r="5.5" />`
    case "Refused":
      return svg`<path class="mark refusal" d="M-5 -5 L5 5 M5 -5 L-5 5" />`
    case "Unknown":
    case "Died":
      return svg`<circle class="mark unknown" r="6.5" /><text class="sign" y="3.5">?</text>`
    default:
      return svg`
        <circle class="mark failed" r="5.5" />
        <path class="mark stroke" d="M-2.5 -2.5 L2.5 2.5 M2.5 -2.5 L-2.5 2.5" />
      `
  }
}

/** A 401 that a new token healed, and one that stays. */
export const healed = svg`<path class="mark healed" d="M0 -6 L6.5 5 L-6.5 5 Z" />`
export const rejected = svg`<path class="mark rejected" d="M0 -6 V6" />`

/** Stripes of a due window; once in the page. */
export const patterns = html`
  <svg class="patterns" aria-hidden="true">
    <defs>
      <pattern id="due" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect class="stripe" width="2.5" height="6" />
      </pattern>
    </defs>
  </svg>
`

/**
 * @param {unknown} mark
 * @param {string} label
 */
const sign = (mark, label) =>
  html`<li><svg viewBox="-9 -9 18 18" width="18" height="18" aria-hidden="true">${mark}</svg>${label}</li>`

/** @param {string} kind */
const swatch = (kind) => svg`<rect class="band ${kind}" x="-9" y="-7" width="18" height="14" rx="3" />`

/** What the marks mean. */
export const legend = html`
  <ul class="legend" aria-label="Legend">
    ${sign(svg`<rect class="life" x="-9" y="-6" width="18" height="12" rx="3" />`, "a token's life")}
    ${sign(
      ["life", "due"].map((name) => svg`<rect class="${name}" x="-9" y="-6" width="18" height="12" rx="3" />`),
      "due"
    )}
    ${sign(exchange("login", "Issued"), "login")} ${sign(exchange("refresh", "Issued"), "refresh")}
    ${sign(exchange("refresh", "Answered"), "failed")} ${sign(exchange("refresh", "Refused"), "refused")}
    ${sign(exchange("refresh", "Unknown"), "unresolved")} ${sign(healed, "401 healed")} ${sign(rejected, "401")}
    ${sign(swatch("outage"), "trouble")}
  </ul>
`
