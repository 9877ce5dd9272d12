// The storm: the server revokes the token in use, then so many requests arrive at once.
// Arguments: peer, client, requests, repetitions. Prints one line of JSON.
// Decided here: three ways a storm goes. Answers come at once; they are spread over 300 ms, so that 401s arrive after
// the refresh is over; and the same where only the newest token is valid, which a second refresh would break.
import * as Endpoint from "./Endpoint.ts"
import { load } from "../peers/index.ts"

const [name = "", client = "", count, repetitions] = process.argv.slice(2)
const requests = Number(count)
const peer = await load(name)
const make = peer.clients?.[client] ?? peer.stormClients![client]!
const endpoint = await Endpoint.start()
const ways = {
  "at once": {},
  "spread over 300 ms": { spreadMs: 300 },
  "spread, only the newest token": { spreadMs: 300, newestOnly: true }
}

const once = async (way: { readonly spreadMs?: number; readonly newestOnly?: boolean }) => {
  await endpoint.control({ reset: { ...way, spreadMs: 0 } })
  const { authed, close } = await make(
    Endpoint.environment({ tokenUrl: endpoint.tokenUrl(50), apiUrl: endpoint.apiUrl })
  )
  // A valid token is in use, over warm connections.
  for (let i = 0; i < 5; i++) await Promise.all(Array.from({ length: 50 }, () => authed(endpoint.apiUrl)))
  await endpoint.control({ revoke: true, reset: way })
  const begun = performance.now()
  const all = await Promise.allSettled(Array.from({ length: requests }, () => authed(endpoint.apiUrl)))
  const wall = performance.now() - begun
  const answers: Record<string, number> = {}
  for (const answer of all) {
    const key = answer.status === "fulfilled" ? String(answer.value) : "error"
    answers[key] = (answers[key] ?? 0) + 1
  }
  const { apiRequests, tokenRequests } = await endpoint.control({})
  await close?.()
  return { wall, answers, failed: requests - (answers["200"] ?? 0), tokenRequests, apiRequests }
}

try {
  const out: Record<string, Array<unknown>> = {}
  for (const [way, settings] of Object.entries(ways)) {
    out[way] = []
    for (let i = 0; i < Number(repetitions); i++) out[way].push(await once(settings))
  }
  console.log(JSON.stringify({ out }))
} finally {
  endpoint.stop()
}
process.exit(0)
