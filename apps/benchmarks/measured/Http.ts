// The authenticated GET: a client with a constant header against the same client with the peer's auth, in one process
// and over one pool. Arguments: peer, client, groups of blocks, milliseconds to warm up, http or memory; and, to test
// the measure itself, `null` (both sides are raw) or how many microseconds of work the second side does more. Prints
// one line of JSON.
// Decided here: eight blocks of some 15 ms are a group, in an order that drift meets alike (A B B A B A A B, and the
// other way round in the next group). What makes blocks unlike is the collector: left to itself it comes every third
// block or so, and costs as much as one. So a block ends with two young collections of its own, which copy and promote
// what it left, as a program's next ones would; and the old generation is collected between the groups, unmeasured. A
// thread's CPU is counted in ticks of some milliseconds: one block's figure is coarse, and many tell.
// In memory, for clients on global fetch, fetch answers at once, which shows the step of auth alone.
import * as Endpoint from "./Endpoint.ts"
import { load } from "../peers/index.ts"

type Call = (url: string) => Promise<number>

const [name = "", client = "", groups, warmMs, transport, test] = process.argv.slice(2)
const isMemory = transport === "memory"
const concurrency = isMemory ? 1 : 64
const blockUs = 15_000
if (isMemory) {
  const real = globalThis.fetch
  globalThis.fetch = (input, init) =>
    String(input instanceof Request ? input.url : input).includes("/token/")
      ? real(input, init)
      : Promise.resolve(new Response('{"ok":true}', { status: 200 }))
}
const make = (await load(name)).clients![client]!
const endpoint = await Endpoint.start()
const url = endpoint.apiUrl

const used = ({ system, user }: NodeJS.CpuUsage) => user + system

const requests = async (call: Call, size: number) => {
  let left = size
  const worker = async () => {
    while (left-- > 0) {
      const status = await call(url)
      if (status !== 200) throw new Error(`status ${status}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

/** Microseconds of one request, with what it leaves to the collector. */
const block = async (call: Call, size: number) => {
  const [cpu, thread, begun] = [process.cpuUsage(), process.threadCpuUsage(), performance.now()]
  await requests(call, size)
  for (let i = 0; i < 2; i++) globalThis.gc!({ type: "minor", execution: "sync" })
  return {
    us: ((performance.now() - begun) * 1000) / size,
    cpuUs: used(process.cpuUsage(cpu)) / size,
    threadUs: used(process.threadCpuUsage(thread)) / size
  }
}

/** Warms both sides; how many requests take as long as a block. */
const warm = async (raw: Call, authed: Call) => {
  let [size, least] = [256, Infinity]
  const end = performance.now() + Number(warmMs)
  while (performance.now() < end) {
    await block(authed, size)
    const begun = performance.now()
    await requests(raw, size)
    least = Math.min(least, ((performance.now() - begun) * 1000) / size)
    size = Math.max(concurrency, Math.round(blockUs / least))
  }
  return size
}

const working =
  (call: Call, us: number): Call =>
  (url) => {
    const end = performance.now() + us / 1000
    while (performance.now() < end);
    return call(url)
  }

try {
  const { authed, close, raw } = await make(Endpoint.environment({ tokenUrl: endpoint.tokenUrl(0), apiUrl: url }))
  const other = test === undefined ? authed : test === "null" ? raw : working(raw, Number(test))
  const size = await warm(raw, other)
  const sides = { raw: [] as Array<object>, authed: [] as Array<object> }
  for (let group = 0; group < Number(groups); group++) {
    globalThis.gc!()
    // The blocks right after a whole collection are slower.
    await block(raw, size)
    await block(other, size)
    for (const letter of "ABBABAAB") {
      const isRaw = (letter === "A") === (group % 2 === 0)
      sides[isRaw ? "raw" : "authed"].push(await block(isRaw ? raw : other, size))
    }
  }
  await close?.()
  console.log(JSON.stringify(sides))
} finally {
  endpoint.stop()
}
process.exit(0)
