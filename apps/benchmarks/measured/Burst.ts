// The burst: so many callers at once on an expired token, at a token endpoint that takes 50 ms. Arguments: peer,
// reader, callers, repetitions. Prints one line of JSON. Decided here: CPU is of the whole process, and the heap is
// looked at when all callers wait and every 5 ms. A few callers go before each burst, so that the connection is warm;
// the caller takes the median of the bursts.
import * as Endpoint from "./Endpoint.ts"
import * as Heap from "./Heap.ts"
import { load } from "../peers/index.ts"

const [name = "", reader = "", count, repetitions] = process.argv.slice(2)
const callers = Number(count)
const make = (await load(name)).readers![reader]!
const endpoint = await Endpoint.start()

const start = () =>
  make(
    Endpoint.environment({
      tokenUrl: endpoint.tokenUrl(50),
      apiUrl: endpoint.apiUrl,
      seed: { token: "old", expiresAt: Date.now() - 1000 }
    })
  )

const once = async (size: number) => {
  const { burst, close, get } = await start()
  await endpoint.control({ reset: {} })
  await Heap.settle()
  const before = Heap.used()
  let peak = before
  const look = () => {
    peak = Math.max(peak, Heap.used())
  }
  const probe = setInterval(look, 5)
  let failed = 0
  const begun = performance.now()
  const cpu = process.cpuUsage()
  if (burst === undefined) {
    const all = Array.from({ length: size }, () => get())
    look()
    for (const { status } of await Promise.allSettled(all)) if (status === "rejected") failed++
  } else {
    const all = burst(size)
    look()
    await all
  }
  const wall = performance.now() - begun
  const { system, user } = process.cpuUsage(cpu)
  clearInterval(probe)
  look()
  const { tokenRequests } = await endpoint.control({})
  await close?.()
  return { wall, tokenRequests, failed, peakMB: (peak - before) / 1e6, cpuMs: (user + system) / 1000 }
}

try {
  const rounds = []
  // One request for each caller takes seconds: such a reader is not asked five times.
  for (let i = 0; i < Number(repetitions) && performance.now() < 5_000; i++) {
    const { close, get } = await start()
    await Promise.all(Array.from({ length: 20 }, () => get()))
    await close?.()
    rounds.push(await once(callers))
  }
  console.log(JSON.stringify({ rounds }))
} finally {
  endpoint.stop()
}
process.exit(0)
