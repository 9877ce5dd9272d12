/**
 * One vendor's card: its state, what is ahead, its timeline, its counters, and what happened as text.
 *
 * Decided here: what stands where. Not here: the timeline (`Timeline`), the words (`Words`).
 *
 * @import { Entry, Now, Seat } from "../src/serve/News.ts"
 */
import { html, nothing, svg } from "../node_modules/lit-html/lit-html.js"
import { timeline } from "./Timeline.js"
import * as Words from "./Words.js"

/** Lines of text that are shown. */
const lines = 12

/**
 * @param {object} given
 * @param {Seat} given.seat
 * @param {Now | undefined} given.now
 * @param {ReadonlyArray<Entry>} given.entries
 * @param {import("./Timeline.js").Scale} given.scale
 * @param {number} given.epoch
 * @param {number} given.at
 */
export const card = ({ at, entries, epoch, now, scale, seat }) => {
  if (seat.absence !== undefined || now === undefined) {
    return html`
      <section class="card absent" aria-labelledby="name-${seat.id}">
        <h2 id="name-${seat.id}">${seat.name}</h2>
        <p>Left out. ${seat.absence ?? "Nothing is known of it yet."}</p>
      </section>
    `
  }
  const [figure, meaning] = Words.ahead(now, at)
  return html`
    <section class="card" id="card-${seat.id}" aria-labelledby="name-${seat.id}" data-state="${now.state}">
      <header>
        <div class="who">
          <h2 id="name-${seat.id}">${seat.name}</h2>
          <p>${seat.account}</p>
        </div>
        <p class="state">
          <span class="chip ${now.trouble === undefined ? "well" : now.trouble.kind}">${Words.states[now.state]}</span>
          <span class="which">
            ${
              now.token === undefined
                ? "no token"
                : html`token ${now.token.generation} <code>${now.token.fingerprint}</code>`
            }
          </span>
        </p>
        <p class="ahead"><b>${figure}</b> <span>${meaning}</span></p>
      </header>
      ${meter(now, at)} ${timeline({ name: seat.name, now, entries, scale, epoch, at })}
      <dl>
        ${figureOf("API calls", now.counters.calls)} ${figureOf("exchanges", now.counters.exchanges)}
        ${figureOf("callers joined", now.counters.joined)} ${figureOf("401s healed", now.counters.healed)}
        ${figureOf("failures", now.counters.failures)}
      </dl>
      ${log(entries)}
    </section>
  `
}

/**
 * @param {string} name
 * @param {number} number
 */
const figureOf = (name, number) =>
  html`<div data-counter="${name}">
    <dt>${name}</dt>
    <dd>${Words.count(number)}</dd>
  </div>`

/**
 * The whole life of the token at hand, however long it is.
 *
 * @param {Now} now
 * @param {number} at
 */
const meter = ({ token }, at) => {
  if (token === undefined || token.expiresAt === null) return html`<svg class="meter" aria-hidden="true"></svg>`
  const life = token.expiresAt - token.issuedAt
  /** @param {number} moment */
  const part = (moment) => Math.min(100, Math.max(0, ((moment - token.issuedAt) / life) * 100))
  const due = part(token.dueAt ?? token.expiresAt)
  return html`
    <svg class="meter" aria-hidden="true">
      <rect class="left" x="0" width="100%" height="100%" />
      ${svg`<rect class="due" x="${due}%" width="${100 - due}%" height="100%" />`}
      <rect class="${part(at) >= due ? "spent late" : "spent"}" x="0" width="${part(at)}%" height="100%" />
    </svg>
  `
}

/** @param {ReadonlyArray<Entry>} entries */
const log = (entries) => {
  const told = entries.flatMap((entry) => {
    const text = Words.line(entry)
    return text === undefined ? [] : [{ at: entry.at, text }]
  })
  return html`
    <details>
      <summary>What happened</summary>
      ${told.length === 0 ? html`<p class="empty">Nothing yet.</p>` : nothing}
      <ol>
        ${told
          .slice(-lines)
          .toReversed()
          .map(({ at, text }) => html`<li><time>${Words.time(at)}</time> ${text}</li>`)}
      </ol>
    </details>
  `
}
