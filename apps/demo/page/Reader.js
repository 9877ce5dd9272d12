/**
 * Reads the news, and goes on reading when the server was away.
 *
 * Decided here: that a reader the browser gave up is opened anew. Not here: what the news says (`Known`).
 *
 * @import { News } from "../src/serve/News.ts"
 */

/** Milliseconds between two tries of this page; the browser's own tries come in between. */
const pause = 1_500

/**
 * @param {{ readonly told: (news: News, clock: number) => void, readonly lost: () => void }} listener
 * @returns {(clock: number) => void} to be called now and then: opens the reader again if it was given up
 */
export const open = (listener) => {
  /** @type {EventSource | undefined} */
  let source
  let triedAt = -Infinity
  const connect = () => {
    source?.close()
    source = new EventSource("/events")
    source.addEventListener("message", (event) => listener.told(JSON.parse(event.data), event.timeStamp))
    source.addEventListener("error", listener.lost)
  }
  return (clock) => {
    if (source !== undefined && source.readyState !== EventSource.CLOSED) return
    if (clock - triedAt < pause) return
    triedAt = clock
    connect()
  }
}

/**
 * Presses a button.
 *
 * @param {string} vendor
 * @param {string} action
 * @param {boolean} on
 */
export const press = (vendor, action, on) =>
  fetch("/press", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ vendor, action, on })
    // A server that is away is told by the reader.
  }).catch(() => undefined)
