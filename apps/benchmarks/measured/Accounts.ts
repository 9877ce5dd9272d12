// Many accounts, each with a token and a refresh in the background. Arguments: peer, implementation, accounts, memory
// or cpu, and for cpu when the first refresh is due. One line of JSON. Decided here: for memory the first refresh is 30
// to 60 minutes away; for CPU each account is refreshed exactly once in a window of 2 s that begins after the set-up,
// and the refresh answers from memory, so that the scheduling is left.
import { setTimeout as sleep } from "node:timers/promises"
import * as Heap from "./Heap.ts"
import { load } from "../peers/index.ts"
import type { Plan } from "../peers/Peer.ts"

const [name = "", implementation = "", count, mode, start] = process.argv.slice(2)
const size = Number(count)
const startMs = Number(start)
const make = (await load(name)).accounts![implementation]!

let refreshed = 0
/** 0 to 1, the same for each run and even over all. */
const spread = (i: number) => (Math.imul(i + 1, 2_654_435_761) >>> 0) / 4_294_967_296
const plan: Plan = {
  shorten: mode === "cpu",
  // 64 characters for each account alone, flattened, so that it is one string on the heap.
  token: (i) => Buffer.from(`tok.${i}.${"x".repeat(64)}`.slice(0, 64)).toString("latin1"),
  refresh: (i) => {
    refreshed++
    return Promise.resolve({ access_token: `tok.${i}`, expires_in: 3600, token_type: "Bearer" })
  },
  firstDueMs:
    mode === "cpu"
      ? (i) => startMs + Math.floor(spread(i) * 2000)
      : (i) => 1_800_000 + Math.floor(spread(i) * 1_800_000),
  nextMs: 3_600_000
}
const isOver = () => refreshed >= size
// The code is loaded before anything is measured.
const first = make(50, plan)
await first.ready
first.stop()
await sleep(20)
await Heap.settle()
refreshed = 0
const heap = Heap.used()
const rss = process.memoryUsage.rss()
const begun = performance.now()
const handle = make(size, plan)
await handle.ready
const setupMs = performance.now() - begun
if (mode === "memory") {
  await Heap.settle()
  const bytes = (Heap.used() - heap) / size
  console.log(JSON.stringify({ setupMs, bytes, rss: (process.memoryUsage.rss() - rss) / size, refreshed }))
} else {
  // Must be 0, or the set-up was slower than the first refresh.
  const during = refreshed
  const cpu = process.cpuUsage()
  const deadline = performance.now() + startMs * 1.5 + 20_000
  do await sleep(50)
  while (!isOver() && performance.now() < deadline)
  await sleep(50)
  const { system, user } = process.cpuUsage(cpu)
  const us = refreshed > during ? (user + system) / (refreshed - during) : null
  console.log(JSON.stringify({ setupMs, refreshed, during, us }))
}
if (handle.accounts.size !== size) throw new Error("accounts were lost")
process.exit(0)
