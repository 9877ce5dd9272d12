/**
 * The buttons: whom they are for, and what they do.
 *
 * Decided here: how they are grouped. Not here: which there are and what they do; the server says so.
 *
 * @import { Action, Now, Seat } from "../src/serve/News.ts"
 */
import { html, nothing } from "../node_modules/lit-html/lit-html.js"

/** The choice that means every vendor. */
export const everyone = "*"

/** @type {ReadonlyArray<readonly [Action["group"], string]>} */
const groups = [
  ["token", "Tokens and API"],
  ["endpoint", "Token endpoint"],
  ["callers", "Callers"],
  ["account", "Account"]
]

/**
 * @param {object} given
 * @param {ReadonlyArray<Seat>} given.seats
 * @param {ReadonlyMap<string, Now>} given.now
 * @param {string} given.chosen
 * @param {"simulated" | "live"} given.mode
 * @param {(id: string) => void} given.choose
 * @param {(vendors: ReadonlyArray<string>, action: string, on: boolean) => void} given.press
 */
export const panel = ({ choose, chosen, mode, now, press, seats }) => {
  const present = seats.filter(({ absence }) => absence === undefined)
  if (present.length === 0) return nothing
  const meant = chosen === everyone ? present : present.filter(({ id }) => id === chosen)
  const choices = [...present.map(({ id, name }) => ({ id, name })), { id: everyone, name: "All" }]
  /** @type {Map<string, Action>} */
  const actions = new Map()
  for (const seat of meant)
    for (const action of seat.actions) if (!actions.has(action.id)) actions.set(action.id, action)
  return html`
    <aside class="panel" aria-labelledby="panel-name">
      <h2 id="panel-name">${mode === "live" ? "Try it" : "Make trouble"}</h2>
      <fieldset class="choices">
        <legend>for</legend>
        ${choices.map(
          ({ id, name }) => html`
            <label>
              <input type="radio" name="vendor" value="${id}" .checked=${id === chosen} @change=${() => choose(id)} />
              <span>${name}</span>
            </label>
          `
        )}
      </fieldset>
      ${groups.map(([group, title]) => {
        const own = [...actions.values()].filter((action) => action.group === group)
        return own.length === 0
          ? nothing
          : html`
              <div class="group" role="group" aria-label="${title}">
                <h3>${title}</h3>
                ${own.map((action) => button(action, meant, now, press))}
              </div>
            `
      })}
    </aside>
  `
}

/**
 * @param {Action} action
 * @param {ReadonlyArray<Seat>} meant
 * @param {ReadonlyMap<string, Now>} now
 * @param {(vendors: ReadonlyArray<string>, action: string, on: boolean) => void} press
 */
const button = ({ hint, id, isSwitch, label }, meant, now, press) => {
  const vendors = meant.filter(({ actions }) => actions.some((action) => action.id === id)).map((seat) => seat.id)
  const isOn = vendors.every((vendor) => now.get(vendor)?.on.includes(id))
  return html`
    <button
      type="button"
      data-action="${id}"
      aria-pressed=${isSwitch ? String(isOn) : nothing}
      @click=${() => press(vendors, id, !isOn)}
    >
      <span class="label">${label}</span>
      <span class="hint">${hint}</span>
    </button>
  `
}
