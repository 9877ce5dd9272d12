// Many accounts, each with a token and a refresh in the background. Arguments: peer, implementation, accounts, memory,
// cpu or both, and for cpu when the first refresh is due. One line of JSON. Decided here: for memory the first refresh
// is 30 to 60 minutes away; for CPU each account is refreshed exactly once, after the set-up, in a window of 2 s (half
// a second for few) and as long as the accounts came one after the other; the refresh answers from memory, so that the
// scheduling is left. For both, the first is due when a third more than the set-up is over, as the first hundreds of
// accounts took it.
import { setTimeout as sleep } from "node:timers/promises"
import * as Heap from "./Heap.ts"
import { load } from "../peers/index.ts"
import type { Plan } from "../peers/Peer.ts"

const [name = "", implementation = "", count, mode, start] = process.argv.slice(2)
const size = Number(count)
let startMs = Number(start)
const windowMs = size < 50_000 ? 500 : 2_000
const make = (await load(name)).accounts![implementation]!

let refreshed = 0
/** 0 to 1, the same for each run and even over all. */
const spread = (i: number) => (Math.imul(i + 1, 2_654_435_761) >>> 0) / 4_294_967_296
const plan: Plan = {
  shorten: mode !== "memory",
  // 64 characters for each account alone, flattened, so that it is one string on the heap.
  token: (i) => Buffer.from(`tok.${i}.${"x".repeat(64)}`.slice(0, 64)).toString("latin1"),
  refresh: (i) => {
    refreshed++
    return Promise.resolve({ access_token: `tok.${i}`, expires_in: 3600, token_type: "Bearer" })
  },
  firstDueMs:
    mode === "memory"
      ? (i) => 1_800_000 + Math.floor(spread(i) * 1_800_000)
      : (i) => startMs + Math.floor(spread(i) * windowMs),
  nextMs: 3_600_000
}
const isOver = () => refreshed >= size

/** Makes some and ends them; how long they took. */
const some = async (count: number) => {
  const begun = performance.now()
  const handle = make(count, plan)
  await handle.ready
  const ms = performance.now() - begun
  await handle.stop()
  return ms
}

// The code is loaded, and where it has to tell how long the set-up takes also warm, before anything is measured.
if (mode === "both") startMs = 600_000
await some(50)
if (mode === "both") {
  const few = Math.max(300, size / 50)
  await some(few)
  startMs = Math.max(400, Math.ceil(1.35 * (size / few) * (await some(few))))
}
await sleep(20)
await Heap.settle()
refreshed = 0
const heap = Heap.used()
const rss = process.memoryUsage.rss()
const begun = performance.now()
const handle = make(size, plan)
await handle.ready
const setupMs = performance.now() - begun
const found = { setupMs, startMs, bytes: NaN, rss: NaN, refreshed, during: 0, us: NaN }
if (mode !== "cpu") {
  await Heap.settle()
  found.bytes = (Heap.used() - heap) / size
  found.rss = (process.memoryUsage.rss() - rss) / size
}
if (mode !== "memory") {
  // Must be 0, or the set-up was slower than the first refresh.
  found.during = refreshed
  const cpu = process.cpuUsage()
  // The last one is due so long after the first as the set-up took, and a busy machine is late with all of them.
  const deadline = performance.now() + startMs * 1.5 + setupMs * 2 + 20_000
  do await sleep(50)
  while (!isOver() && performance.now() < deadline)
  await sleep(50)
  const { system, user } = process.cpuUsage(cpu)
  found.us = (user + system) / (refreshed - found.during)
}
console.log(JSON.stringify({ ...found, refreshed }))
if (handle.accounts.size !== size) throw new Error("accounts were lost")
process.exit(0)
