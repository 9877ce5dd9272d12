// The authenticated GET: a client with a constant header against the same client with the peer's auth, in alternating
// blocks of one process. Arguments: peer, client, pairs, http or memory. Prints one line of JSON.
// Decided here: blocks are short (20 ms) and many, and their order swaps, so that both sides see the same load. In
// memory, for clients on global fetch, fetch answers at once, which shows the step of auth alone.
import * as Endpoint from "./Endpoint.ts"
import { load } from "../peers/index.ts"

const [name = "", client = "", pairs, transport] = process.argv.slice(2)
const isMemory = transport === "memory"
const blockMs = 20
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

const block = async (call: (url: string) => Promise<number>, concurrency: number) => {
  let done = 0
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const worker = async () => {
    while (performance.now() < begun + blockMs) {
      const status = await call(url)
      if (status !== 200) throw new Error(`status ${status}`)
      done++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const us = (performance.now() - begun) * 1000
  const { system, user } = process.cpuUsage(cpu)
  return { us: us / done, cpuUs: (user + system) / done }
}

try {
  const { authed, close, raw } = await make(Endpoint.environment({ tokenUrl: endpoint.tokenUrl(0), apiUrl: url }))
  const concurrency = isMemory ? 1 : 64
  const warm = performance.now() + 700
  while (performance.now() < warm) {
    await block(raw, concurrency)
    await block(authed, concurrency)
  }
  const sides = { raw: [] as Array<unknown>, authed: [] as Array<unknown> }
  for (let i = 0; i < Number(pairs); i++) {
    for (const side of i % 2 === 0 ? (["raw", "authed"] as const) : (["authed", "raw"] as const)) {
      sides[side].push(await block(side === "raw" ? raw : authed, concurrency))
    }
  }
  await close?.()
  console.log(JSON.stringify(sides))
} finally {
  endpoint.stop()
}
process.exit(0)
