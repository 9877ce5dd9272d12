// The smoke program against vendors on a loopback port: for runtimes that have node:http, Bun and Deno among them.
// Decided here: how web requests come from a socket. Not here: what is tried (`Smoke`).
import { createServer } from "node:http"
import { makeVendors, smoke } from "./Smoke.mjs"

const vendors = makeVendors()
const server = createServer((incoming, outgoing) => {
  const chunks = []
  incoming.on("data", (chunk) => chunks.push(chunk))
  incoming.on("end", async () => {
    const { headers, method, url } = incoming
    const body = method === "GET" || chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }
    const request = new Request(`http://127.0.0.1${url}`, { method, headers: Object.entries(headers), ...body })
    const response = await vendors.handle(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(await response.text())
  })
})
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
try {
  console.log(`ok: ${await smoke(`http://127.0.0.1:${server.address().port}`, vendors)}`)
} finally {
  server.closeAllConnections?.()
  server.close()
}
