// The cached read: CPU time and bytes of one read. Arguments: peer, reader, ns or bytes, blocks, milliseconds to warm
// up. Prints one line of JSON. Decided here: CPU time of the main thread is counted, which the machine's other load
// disturbs far less than wall time; blocks of about 120 ms, since some systems count it in ticks of 4 ms; bytes are the
// slope between two sizes, so that entering the loop costs nothing. Not here: rounds and ratios.
import * as Endpoint from "./Endpoint.ts"
import * as Heap from "./Heap.ts"
import * as Statistics from "../src/Statistics.ts"
import { load } from "../peers/index.ts"

const [name = "", reader = "", mode, blocks, warmMs] = process.argv.slice(2)
const peer = await load(name)
const make = peer.readers?.[reader] ?? peer.limits![reader]!
const { get, getSync, loop } = await make(
  Endpoint.environment({
    tokenUrl: "http://127.0.0.1:9/token/0",
    apiUrl: "",
    seed: { token: `tok.${"x".repeat(58)}`, expiresAt: Date.now() + 3_600_000 }
  })
)

let sink: unknown
const reads =
  loop ??
  (getSync === undefined
    ? async (times: number) => {
        for (let i = 0; i < times; i++) sink = await get()
      }
    : async (times: number) => {
        for (let i = 0; i < times; i++) sink = getSync()
      })

const cpuOf = async (times: number) => {
  const before = process.threadCpuUsage()
  await reads(times)
  const { system, user } = process.threadCpuUsage(before)
  return ((user + system) * 1000) / times
}

let times = 256
let each = 1000
const warm = performance.now() + Number(warmMs)
while (performance.now() < warm) {
  each = Math.max(20, await cpuOf(times))
  times = Math.max(256, Math.min(2_000_000, Math.round(20e6 / each)))
}
if (mode === "ns") {
  times = Math.max(1000, Math.round(120e6 / each))
  const ns: Array<number> = []
  for (let i = 0; i < Number(blocks); i++) ns.push(await cpuOf(times))
  console.log(JSON.stringify({ ns: Statistics.median(ns), best: Math.min(...ns), sink: typeof sink }))
} else {
  const [small, large] = [5_000, 25_000]
  const bytes: Array<number> = []
  for (let i = 0; i < Number(blocks); i++) {
    const few = await Heap.allocatedBy(() => reads(small))
    const many = await Heap.allocatedBy(() => reads(large))
    if (few !== undefined && many !== undefined) bytes.push((many - few) / (large - small))
  }
  console.log(JSON.stringify({ bytes: bytes.length > 0 ? Statistics.median(bytes) : null }))
}
process.exit(0)
