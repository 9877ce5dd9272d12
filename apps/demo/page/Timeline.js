/**
 * One vendor's timeline: its tokens' lives, its exchanges, its 401s, and its times of trouble.
 *
 * Decided here: where everything stands. All of it is drawn at its own moment and moved together, so that time passes
 * without anything being drawn anew. Not here: the marks (`Marks`), and what is known (`Known`).
 *
 * @import { Entry, Now } from "../src/serve/News.ts"
 */
import { html, nothing, svg } from "../node_modules/lit-html/lit-html.js"
import * as Known from "./Known.js"
import * as Marks from "./Marks.js"
import * as Words from "./Words.js"

const rows = { top: 22, token: 28, exchange: 75, call: 103, axis: 120, height: 138 }
const tokenHeight = 30

/**
 * What of time is seen in so many pixels.
 *
 * @param {number} width
 */
export const scale = (width) => {
  const [past, future] = width > 560 ? [60, 20] : [32, 14]
  const perSecond = width / (past + future)
  return { width, past, future, perSecond, nowX: past * perSecond }
}

/** @typedef {ReturnType<typeof scale>} Scale */

/**
 * How far everything that moves has come.
 *
 * @param {Scale} scale
 * @param {number} epoch
 * @param {number} at
 */
export const shift = ({ nowX, perSecond }, epoch, at) => nowX - ((at - epoch) / 1_000) * perSecond

/**
 * @param {object} given
 * @param {string} given.name
 * @param {Now} given.now
 * @param {ReadonlyArray<Entry>} given.entries
 * @param {Scale} given.scale
 * @param {number} given.epoch the moment that stands at 0
 * @param {number} given.at
 */
export const timeline = ({ at, entries, epoch, name, now, scale }) => {
  /** @param {number} moment */
  const x = (moment) => ((moment - epoch) / 1_000) * scale.perSecond
  const [from, to] = [at - scale.past * 1_000, at + scale.future * 1_000]
  const seen = entries.filter((entry) => entry.at >= from - 5_000)
  const lives = Known.lives(entries, now.token).filter(({ until }) => until === undefined || until > from)
  const bands = Known.troubles(entries, now.trouble).filter(({ until }) => until === undefined || until > from)
  return html`
    <div class="timeline">
      <ul class="rows" aria-hidden="true">
        <li class="row-token">tokens</li>
        <li class="row-exchange">exchanges</li>
        <li class="row-call">401s</li>
      </ul>
      <svg
        class="track"
        role="img"
        aria-label="${describe(name, now, entries, from)}"
        width="${scale.width}"
        height="${rows.height}"
      >
        <g class="moving">${bands.map(band(x, at))}</g>
        ${axis(scale)}
        <g class="moving">
          ${bands.map(bandName(x))} ${lives.map(life(x, to))} ${exchanges(x, seen, now, at)}
          ${seen.filter(isCalls).map(calls(x))}
        </g>
      </svg>
    </div>
  `
}

/** @param {Entry} entry @returns {entry is Extract<Entry, { readonly _tag: "Calls" }>} */
const isCalls = (entry) => entry._tag === "Calls"

/** @param {Entry} entry @returns {entry is Extract<Entry, { readonly _tag: "Exchange" }>} */
const isExchange = (entry) => entry._tag === "Exchange"

/**
 * @param {(moment: number) => number} x
 * @param {number} at
 * @returns {(band: ReturnType<typeof Known.troubles>[number]) => unknown}
 */
const band =
  (x, at) =>
  ({ from, kind, until }) => {
    const width = Math.max(2, x(until ?? at) - x(from))
    return svg`<rect class="band ${kind}" x="${x(from)}" width="${width}" height="${rows.axis}" />`
  }

/**
 * @param {(moment: number) => number} x
 * @returns {(band: ReturnType<typeof Known.troubles>[number]) => unknown}
 */
const bandName =
  (x) =>
  ({ from, kind, until }) => {
    const name = Words.kinds[/** @type {keyof typeof Words.kinds} */ (kind)]
    // One that lasts has room to its right.
    const isNamed = until === undefined || x(until) - x(from) > name.length * 7 + 12
    return isNamed ? svg`<text class="band-name ${kind}" x="${x(from) + 6}" y="15">${name}</text>` : nothing
  }

/**
 * @param {(moment: number) => number} x
 * @param {number} to
 * @returns {(life: Known.Life) => unknown}
 */
const life =
  (x, to) =>
  ({ dueAt, token, until }) => {
    const end = Math.min(until ?? token.expiresAt ?? Infinity, token.expiresAt ?? Infinity, to + 30_000)
    const width = Math.max(3, x(end) - x(token.issuedAt) - 2)
    const due = dueAt === undefined || dueAt >= end ? undefined : x(dueAt) - x(token.issuedAt)
    return svg`
      <svg class="clip" x="${x(token.issuedAt)}" y="${rows.token}" width="${width}" height="${tokenHeight}">
        <rect class="life ${until === undefined ? "held" : ""}" width="100%" height="${tokenHeight}" rx="6" />
        ${
          due === undefined
            ? nothing
            : svg`<rect class="due" x="${due}" width="${Math.max(0, width - due)}" height="${tokenHeight}" rx="6" />`
        }
        ${tokenName(token, width)}
      </svg>
    `
  }

/**
 * As much of its name as there is room for.
 *
 * @param {import("../src/serve/News.ts").Token} token
 * @param {number} width
 */
const tokenName = ({ fingerprint, generation }, width) => {
  const room = String(generation).length * 8 + 14
  if (width < room) return nothing
  const rest = width < room + 70 ? nothing : svg`<tspan class="fingerprint" dx="7">${fingerprint}</tspan>`
  return svg`<text class="token-name" x="9" y="20">${generation}${rest}</text>`
}

/**
 * Exchanges that came at once stand side by side.
 *
 * @param {(moment: number) => number} x
 * @param {ReadonlyArray<Entry>} entries
 * @param {Now} now
 * @param {number} at
 */
const exchanges = (x, entries, { flying }, at) => {
  let last = -Infinity
  const placed = entries.filter(isExchange).map((entry) => {
    const wanted = x(entry.at)
    const place = wanted > last - 40 && wanted < last ? last : wanted
    last = place + Marks.radius * 2 + 3
    return { entry, place, wanted }
  })
  return svg`
    ${flying === undefined ? nothing : flight(x(flying.begunAt), x(at), "open")}
    ${placed.map(
      ({ entry, place, wanted }) => svg`
        ${flight(x(entry.begunAt), wanted, "ended")}
        <g transform="translate(${place} ${rows.exchange})">
          ${Marks.exchange(entry.kind, entry.outcome)}
          ${entry.callers > 2 ? note(12, Words.callers(entry.callers)) : nothing}
        </g>
      `
    )}
  `
}

/**
 * @param {(moment: number) => number} x
 * @returns {(entry: Extract<Entry, { readonly _tag: "Calls" }>) => unknown}
 */
const calls =
  (x) =>
  ({ at, healed }) =>
    svg`
      <g transform="translate(${x(at)} ${rows.call})">
        ${healed > 0 ? Marks.healed : Marks.rejected}
        ${healed > 1 ? note(11, Words.count(healed)) : nothing}
      </g>
    `

/**
 * The time that an exchange takes.
 *
 * @param {number} from
 * @param {number} to
 * @param {"open" | "ended"} state
 */
const flight = (from, to, state) =>
  svg`<line class="flight ${state}" x1="${from}" x2="${to}" y1="${rows.exchange}" y2="${rows.exchange}" />`

/**
 * @param {number} x
 * @param {string} text
 */
const note = (x, text) => svg`<text class="callers" x="${x}" y="4">${text}</text>`

/** @param {Scale} scale */
const axis = ({ future, nowX, past, perSecond, width }) => {
  const step = width > 560 ? 10 : 8
  const ticks = Array.from(
    { length: Math.floor((past + future) / step) + 1 },
    (_, index) => index * step - past + (past % step)
  )
  return svg`
    ${ticks
      .filter((tick) => tick !== 0)
      .map((tick) => {
        const x = nowX + tick * perSecond
        const name = `${tick > 0 ? "+" : "−"}${Math.abs(tick)}`
        const isAtEdge = x < 14 || x > width - 14
        return svg`
          <line class="tick" x1="${x}" x2="${x}" y1="${rows.top}" y2="${rows.axis}" />
          ${isAtEdge ? nothing : svg`<text class="tick-name" x="${x}" y="${rows.height - 3}">${name} s</text>`}
        `
      })}
    <line class="now" x1="${nowX}" x2="${nowX}" y1="0" y2="${rows.axis}" />
    <text class="now-name" x="${nowX}" y="${rows.height - 3}">now</text>
  `
}

/**
 * @param {string} name
 * @param {Now} now
 * @param {ReadonlyArray<Entry>} entries
 * @param {number} from
 */
const describe = (name, now, entries, from) => {
  const seen = entries.filter((entry) => entry.at >= from)
  const exchanges = seen.filter(isExchange)
  const failed = exchanges.filter(({ outcome }) => outcome !== "Issued").length
  const healed = seen.filter(isCalls).reduce((sum, entry) => sum + entry.healed, 0)
  return (
    `${name}, the last minute: ${exchanges.length} exchanges, ${failed} of them failed; ${healed} healed 401s; ` +
    `now ${Words.states[now.state]}. The same as text is below.`
  )
}
