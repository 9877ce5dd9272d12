/**
 * Runs the page: reads the news, draws when there is some, and lets time pass in between.
 *
 * Decided here: when anything is drawn. News is drawn once a frame at most; between two news only what moves is moved,
 * with every frame, or once a second for people who want less motion. Not here: what is drawn (`Page`).
 */
import { render } from "../node_modules/lit-html/lit-html.js"
import * as Known from "./Known.js"
import { page } from "./Page.js"
import * as Reader from "./Reader.js"
import { scale, shift } from "./Timeline.js"

const root = /** @type {HTMLElement} */ (document.querySelector("#root"))
const isStill = matchMedia("(prefers-reduced-motion: reduce)")

let known = Known.nothing
let chosen = ""
let epoch = 0
let isDrawn = true
let drawnAt = 0
let movedAt = 0
let view = scale(200)

const read = Reader.open({
  told: (news, clock) => {
    known = Known.take(known, news, clock)
    // Far from where the time began, positions would lose their fractions.
    if (Math.abs(news.at - epoch) > 3_600_000) {
      epoch = news.at
      movedAt = -Infinity
    }
    if (!known.seats.some(({ id }) => id === chosen)) chosen = chosen === "*" ? chosen : firstOf(known)
    isDrawn = false
  },
  lost: () => {
    known = { ...known, isConnected: false }
    isDrawn = false
  }
})

/** @param {Known.Known} known */
const firstOf = ({ seats }) => seats.find(({ absence }) => absence === undefined)?.id ?? ""

/** What a timeline has: the page's width decides, so that all cards have the same. */
const room = () => root.querySelector(".track")?.parentElement?.clientWidth ?? Math.min(root.clientWidth, 900)

/** Pixels that the rows' names take; none on a phone, where the legend says it. */
const gutter = () => (root.clientWidth > 528 ? 76 : 0)

/** @param {number} at */
const draw = (at) => {
  view = scale(Math.max(200, room() - gutter()))
  render(
    page({
      known,
      at,
      epoch,
      scale: view,
      chosen,
      choose: (id) => {
        chosen = id
        isDrawn = false
      },
      press: (vendors, action, on) => {
        for (const vendor of vendors) void Reader.press(vendor, action, on)
      }
    }),
    root
  )
}

/** @param {number} at */
const move = (at) => {
  const by = shift(view, epoch, at)
  for (const moving of root.querySelectorAll(".moving")) moving.setAttribute("transform", `translate(${by} 0)`)
}

/** @param {number} clock */
const frame = (clock) => {
  const at = clock + known.offset
  read(clock)
  if (known.seats.length > 0) {
    if (!isDrawn || clock - drawnAt > 1_000) {
      if (drawnAt === 0) root.replaceChildren()
      draw(at)
      isDrawn = true
      drawnAt = clock
    }
    if (!isStill.matches || clock - movedAt > 1_000) {
      move(at)
      movedAt = clock
    }
  }
  requestAnimationFrame(frame)
}

addEventListener("resize", () => {
  isDrawn = false
})
requestAnimationFrame(frame)
