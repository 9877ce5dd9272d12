// The token endpoint and the protected API, in a process of its own, so that the server's work never shares the event
// loop with the client that is measured. Plain HTTP/1.1 with keep-alive on 127.0.0.1.
// Decided here: `POST /token/<latency in ms>` gives a fresh token to any grant, and counts; `POST /control` takes
// commands and tells the counters; anything else is the API, 200 for an accepted bearer and 401 for any other.
import { createServer } from "node:http"
import { constantToken } from "../peers/Peer.ts"

const state = {
  /** Tokens of an older generation are refused by the API. */
  generation: 0,
  /** Only the token issued last is accepted. */
  newestOnly: false,
  /** Answers of the API are spread over so many milliseconds, by arrival. */
  spreadMs: 0,
  issued: 0,
  tokenRequests: 0,
  apiRequests: 0
}

// The claims make the challenge one that Azure's policy heals by default; other peers look at nothing but the 401.
const claims = Buffer.from('{"access_token":{}}').toString("base64")
const challenge = `Bearer realm="bench", error="insufficient_claims", claims="${claims}"`
const fine = Buffer.from('{"ok":true}')
const denied = Buffer.from('{"error":"invalid_token"}')

const makeToken = () => `tok.${state.generation}.${++state.issued}.${"x".repeat(48)}`

const isAccepted = (header: string | undefined) => {
  if (header === `Bearer ${constantToken}`) return true
  const [, generation, number] = /^Bearer tok\.(\d+)\.(\d+)\./.exec(header ?? "") ?? []
  return Number(generation) === state.generation && (!state.newestOnly || Number(number) === state.issued)
}

const server = createServer((request, response) => {
  const path = request.url ?? "/"
  const isToken = path.startsWith("/token/")
  if (!isToken && path !== "/control") {
    const index = state.apiRequests++
    // Decided on arrival; only the answer is delayed, as it is behind a slow network.
    const [status, body] = isAccepted(request.headers.authorization) ? [200, fine] : [401, denied]
    const answer = () => {
      response.writeHead(status, {
        "content-type": "application/json",
        "content-length": body.length,
        ...(status === 401 && { "www-authenticate": challenge })
      })
      response.end(body)
    }
    if (state.spreadMs > 0) setTimeout(answer, (index * 7919) % state.spreadMs)
    else answer()
    return
  }
  let body = ""
  request.on("data", (chunk) => {
    body += chunk
  })
  request.on("end", () => {
    const json = (value: object) => {
      const text = JSON.stringify(value)
      const length = Buffer.byteLength(text)
      response.writeHead(200, {
        "content-type": "application/json",
        "content-length": length,
        "cache-control": "no-store"
      })
      response.end(text)
    }
    if (isToken) {
      state.tokenRequests++
      setTimeout(
        () =>
          json({
            access_token: makeToken(),
            token_type: "Bearer",
            expires_in: 3600,
            refresh_token: "refresh-1"
          }),
        Number(path.slice("/token/".length))
      )
      return
    }
    const { reset, revoke } = JSON.parse(body)
    if (reset) {
      Object.assign(state, { newestOnly: false, spreadMs: 0 }, reset, { tokenRequests: 0, apiRequests: 0 })
    }
    if (revoke) state.generation++
    json(state)
  })
})
server.keepAliveTimeout = 60_000
server.maxRequestsPerSocket = 0
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => {
  const address = server.address()
  if (typeof address === "object") process.send!({ port: address!.port })
})
// The parent's end is the server's.
process.on("disconnect", () => process.exit(0))
