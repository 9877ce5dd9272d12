// A plain HTTP server for a test: what it is asked is written down, what it answers is the test's.
// Decided here: one loopback port each, whole bodies, JSON or text answers. Not here: any vendor's paths or words.
import { createServer } from "node:http"
import { text } from "node:stream/consumers"

/** An answer. An object is sent as JSON, a string as HTML. */
export const answer = (status, body, headers = {}) => ({ status, body, headers })

/** Base64url of a JSON value, as in a JWT. */
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

/** A JWT with these claims and no real signature. */
export const jwt = (claims) => `${part({ typ: "JWT", alg: "HS256" })}.${part(claims)}.${part(Math.random())}`

/**
 * Serves until the test `t` ends. `handle` gets `{ method, path, headers, body }` and gives an answer; what it throws is
 * answered by 500 and fails the test. The result has the origin and all requests, in order; `count` counts those to a
 * path.
 */
export const serve = async (t, handle) => {
  const requests = []
  const violations = []
  const server = createServer(async (incoming, outgoing) => {
    const { headers, method, url } = incoming
    const request = { method, path: url, headers, body: await text(incoming) }
    requests.push(request)
    const {
      body,
      headers: extra,
      status
    } = await handle(request).catch((violation) => {
      violations.push(violation)
      return answer(500, String(violation))
    })
    request.status = status
    const isText = typeof body === "string"
    outgoing.writeHead(status, { "content-type": isText ? "text/html" : "application/json", ...extra })
    outgoing.end(isText ? body : JSON.stringify(body))
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  t.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    if (violations.length > 0) throw violations[0]
  })
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requests,
    count: (path) => requests.filter((request) => request.path === path).length
  }
}
