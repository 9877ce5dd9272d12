/**
 * The whole page: the line that says how things stand, the vendors, and the buttons.
 *
 * Decided here: the line's words where all is well and where the server is away. Not here: the cards (`Card`), the
 * buttons (`Panel`), when it is drawn (`Main`). Lists are plain: lit-html's own way to keep their items apart, `repeat`,
 * leaves a node behind for each item that goes (3.3.1 to 3.3.3), and a page that is left open would grow.
 *
 * @import { Now, Seat, Trouble } from "../src/serve/News.ts"
 * @import { Known } from "./Known.js"
 */
import { html, nothing } from "../node_modules/lit-html/lit-html.js"
import { card } from "./Card.js"
import * as Marks from "./Marks.js"
import { panel } from "./Panel.js"

/**
 * @param {object} given
 * @param {Known} given.known
 * @param {number} given.at
 * @param {number} given.epoch
 * @param {import("./Timeline.js").Scale} given.scale
 * @param {string} given.chosen
 * @param {(id: string) => void} given.choose
 * @param {(vendors: ReadonlyArray<string>, action: string, on: boolean) => void} given.press
 */
export const page = ({ at, choose, chosen, epoch, known, press, scale }) => {
  const { entries, isConnected, mode, now, seats } = known
  return html`
    ${Marks.patterns}
    <header class="top">
      <h1>vendor-auth</h1>
      <p>
        ${
          mode === "live"
            ? "The vendors that the environment configures, live."
            : "Three simulated vendors with tokens of seconds. Make trouble, and watch it heal."
        }
      </p>
      <p class="link ${isConnected ? "on" : "off"}">${isConnected ? "connected" : "reconnecting"}</p>
    </header>
    ${standing(known, press)}
    <div class="table ${isConnected ? "" : "stale"}">
      <main>
        ${Marks.legend}
        ${seats.map((seat) =>
          card({ seat, now: now.get(seat.id), entries: entries.get(seat.id) ?? [], scale, epoch, at })
        )}
        ${
          mode === "live" && now.size === 0
            ? html`<p class="empty">No vendor is configured. <code>pnpm demo serve</code> shows simulated ones.</p>`
            : nothing
        }
      </main>
      ${panel({ seats, now, mode, chosen, choose, press })}
    </div>
  `
}

/**
 * @param {Known} known
 * @param {(vendors: ReadonlyArray<string>, action: string, on: boolean) => void} press
 */
const standing = ({ isConnected, now, seats }, press) => {
  const troubled = isConnected
    ? seats.flatMap((seat) => {
        const trouble = now.get(seat.id)?.trouble
        return trouble === undefined ? [] : [{ seat, trouble }]
      })
    : []
  const isWell = isConnected && troubled.length === 0
  return html`
    <section class="standing ${isWell ? "well" : isConnected ? "trouble" : "away"}" aria-label="How things stand">
      <div role="status">
        ${
          isConnected
            ? nothing
            : html`<p><b>The demo's server does not answer.</b> This page tries again by itself.</p>`
        }
        ${isWell ? html`<p><b>All is well.</b> ${served(now)}</p>` : nothing}
        ${troubled.map(({ trouble }) => html`<p class="${trouble.kind}"><b>${trouble.what}</b> ${trouble.doing}</p>`)}
      </div>
      ${cures(troubled, press)}
    </section>
  `
}

/** @param {ReadonlyMap<string, Now>} now */
const served = (now) =>
  now.size === 0
    ? "There is nothing to watch."
    : "Tokens are refreshed before they expire, and no caller waits for one."

/**
 * @param {ReadonlyArray<{ readonly seat: Seat, readonly trouble: Trouble }>} troubled
 * @param {(vendors: ReadonlyArray<string>, action: string, on: boolean) => void} press
 */
const cures = (troubled, press) => {
  const found = troubled.filter(({ seat, trouble }) => seat.actions.some(({ id }) => id === trouble.cure))
  if (found.length === 0) return nothing
  return html`
    <div class="cures">
      ${found.map(
        ({ seat, trouble }) => html`
          <button
            type="button"
            class="cure"
            data-cure="${seat.id}"
            @click=${() => press([seat.id], trouble.cure ?? "", true)}
          >
            ${trouble.cure === "signIn" ? `Sign in to ${seat.name} again` : `Sign out of ${seat.name}`}
          </button>
        `
      )}
    </div>
  `
}
