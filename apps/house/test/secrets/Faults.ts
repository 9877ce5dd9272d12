// What can go wrong between an app and a vendor, on a socket: nothing comes, it breaks off, it is not HTTP, it is no
// token answer, and each of them says back what it was sent.
// Decided here: the faults, and in which reason each must end. Not here: what is searched afterwards.
import type { IncomingMessage } from "node:http"
import type { Socket } from "node:net"
import { gzipSync } from "node:zlib"

/** What a fault says back: the request as it came, and the secrets that it carried. */
export interface Echo {
  readonly request: IncomingMessage
  readonly body: string
  /** The newest secret that is known to the vendor. */
  readonly secret: string
}

/** Something that goes wrong with a request. */
export interface Fault {
  readonly name: string
  /** The reasons in which a token request that meets it may end. */
  readonly ends: ReadonlyArray<string>
  /** It never ends by itself. */
  readonly stalls?: boolean
  readonly act: (echo: Echo, socket: Socket) => void
}

const crlf = "\r\n"

/** An answer, byte by byte. */
const raw = (status: string, headers: ReadonlyArray<string>, body: string | Uint8Array = ""): Buffer =>
  Buffer.concat([
    Buffer.from([`HTTP/1.1 ${status}`, ...headers, "connection: close", "", ""].join(crlf)),
    Buffer.from(body)
  ])

const said = ({ body, request }: Echo): string => `${request.method} ${request.rawHeaders.join(" ")} ${body}`

const whole = (status: number, body: string, headers: ReadonlyArray<string> = []): Buffer =>
  raw(`${status} Said`, [`content-length: ${Buffer.byteLength(body)}`, ...headers], body)

const unreachable = ["Unreachable"]
const malformed = ["MalformedResponse"]

const refusals = ["InvalidCredentials", "ReauthenticationRequired", "RequestRefused"]

const ending = (status: number): ReadonlyArray<string> =>
  status < 400 ? malformed : status === 429 ? ["Throttled"] : status === 408 || status >= 500 ? unreachable : refusals

/** The connection fails, stalls or breaks off. */
export const broken: ReadonlyArray<Fault> = [
  { name: "reset before the answer", ends: unreachable, act: (_, socket) => socket.resetAndDestroy() },
  { name: "closed before the answer", ends: unreachable, act: (_, socket) => socket.destroy() },
  { name: "silence", ends: unreachable, stalls: true, act: () => {} },
  {
    name: "headers that break off",
    ends: unreachable,
    act: (echo, socket) => socket.end(`HTTP/1.1 200 OK${crlf}x-echo: ${encodeURIComponent(said(echo))}`)
  },
  {
    name: "a body that breaks off",
    ends: unreachable,
    act: (echo, socket) => socket.end(raw("200 OK", ["content-length: 99999"], `{"access_token":"${echo.secret}`))
  },
  {
    name: "a body that breaks off by a reset",
    ends: unreachable,
    act: (echo, socket) =>
      socket.write(raw("200 OK", ["content-length: 99999"], `{"access_token":"${echo.secret}`), () =>
        setTimeout(() => socket.resetAndDestroy(), 20)
      )
  },
  {
    name: "a body that never ends",
    ends: unreachable,
    stalls: true,
    act: (echo, socket) => socket.write(raw("200 OK", ["content-length: 99999"], `{"access_token":"${echo.secret}`))
  },
  {
    name: "a body that drips",
    ends: unreachable,
    stalls: true,
    act: (echo, socket) => {
      socket.write(raw("200 OK", ["content-length: 99999"]))
      const drip = setInterval(() => socket.write(echo.secret.slice(0, 1)), 20)
      socket.on("close", () => clearInterval(drip))
    }
  },
  {
    name: "a chunk that breaks off",
    ends: unreachable,
    act: (echo, socket) => socket.end(raw("200 OK", ["transfer-encoding: chunked"], `fff${crlf}${said(echo)}`))
  }
]

/** What comes is not HTTP, and the client's complaint may quote it. */
export const garbled: ReadonlyArray<Fault> = [
  { name: "what was sent, as it came", ends: unreachable, act: (echo, socket) => socket.end(`${said(echo)}${crlf}`) },
  { name: "the secret alone", ends: unreachable, act: ({ secret }, socket) => socket.end(secret) },
  {
    name: "a status line of secrets",
    ends: unreachable,
    act: ({ secret }, socket) => socket.end(`HTTP/1.1 ${secret}${crlf}${crlf}`)
  },
  {
    name: "a header of secrets",
    ends: unreachable,
    act: ({ secret }, socket) => socket.end(raw("200 OK", [`${secret}`, `x y: ${secret}`], "{}"))
  },
  {
    name: "two lengths",
    ends: unreachable,
    act: ({ secret }, socket) => socket.end(raw("200 OK", ["content-length: 3", "content-length: 9"], secret))
  },
  {
    name: "a chunk size of secrets",
    ends: unreachable,
    act: ({ secret }, socket) => socket.end(raw("200 OK", ["transfer-encoding: chunked"], `${secret}${crlf}`))
  },
  {
    name: "headers without end",
    ends: unreachable,
    act: ({ secret }, socket) =>
      socket.end(raw("200 OK", [`x-echo: ${Buffer.from(secret).toString("base64").repeat(2_000)}`]))
  },
  {
    name: "a body that is not the gzip it claims to be",
    // Only fetch unpacks it.
    ends: [...unreachable, ...malformed],
    act: (echo, socket) =>
      socket.end(
        raw("200 OK", ["content-encoding: gzip", `content-length: ${Buffer.byteLength(said(echo))}`], said(echo))
      )
  }
]

/** Answers that are HTTP, and say back what they were sent. */
export const echoed: ReadonlyArray<Fault> = [
  ...[301, 302, 303, 307, 308].map((status): Fault => ({
    name: `${status} with the secret in its location`,
    ends: malformed,
    act: ({ secret }, socket) =>
      socket.end(whole(status, "", [`location: /elsewhere?token=${encodeURIComponent(secret)}`]))
  })),
  ...[400, 401, 403, 404, 408, 409, 422, 429, 500, 502, 503, 504].flatMap((status): ReadonlyArray<Fault> => [
    {
      name: `${status} in JSON`,
      ends: ending(status),
      act: ({ body, secret }, socket) =>
        socket.end(
          whole(
            status,
            JSON.stringify({ error: secret, error_description: body, msg: `the token ${secret}`, [secret]: secret }),
            ["content-type: application/json"]
          )
        )
    },
    {
      name: `${status} in HTML`,
      ends: ending(status),
      act: (echo, socket) =>
        socket.end(
          whole(status, `<html>${said(echo)}</html>`, [
            `x-echo: ${encodeURIComponent(echo.secret)}`,
            `set-cookie: a=${encodeURIComponent(echo.secret)}`,
            `www-authenticate: Bearer realm="${encodeURIComponent(echo.secret)}"`
          ])
        )
    }
  ])
]

/** Answers of 200 that are no token answers. */
export const untokenlike: ReadonlyArray<Fault> = [
  // JSON's own complaint quotes a short text whole.
  { name: "a short text", ends: malformed, act: ({ secret }, socket) => socket.end(whole(200, secret.slice(0, 18))) },
  { name: "a text", ends: malformed, act: ({ secret }, socket) => socket.end(whole(200, secret)) },
  {
    name: "JSON that breaks off",
    ends: malformed,
    act: ({ secret }, socket) => socket.end(whole(200, `{"a":"${secret}`))
  },
  {
    name: "a JSON text",
    ends: malformed,
    act: ({ secret }, socket) => socket.end(whole(200, JSON.stringify(secret)))
  },
  {
    name: "the form that was sent",
    ends: malformed,
    act: ({ body }, socket) => socket.end(whole(200, `a=${body}`))
  },
  {
    name: "HTML, compressed",
    ends: malformed,
    act: (echo, socket) => {
      const body = gzipSync(`<html>${said(echo)}</html>`)
      socket.end(raw("200 OK", ["content-encoding: gzip", `content-length: ${body.byteLength}`], body))
    }
  },
  ...Object.entries({
    "a line break": (secret: string) => `${secret}\r\nx: y`,
    "a space": (secret: string) => `${secret} ${secret}`,
    "a letter that is not ASCII": (secret: string) => `${secret}ß`,
    NUL: (secret: string) => `${secret}\0`
  }).map(([name, text]): Fault => ({
    name: `tokens with ${name}`,
    ends: malformed,
    act: ({ secret }, socket) => {
      const token = text(secret)
      socket.end(
        whole(
          200,
          JSON.stringify({ access_token: token, accessToken: token, refreshToken: token, refresh_token: token })
        )
      )
    }
  })),
  {
    name: "secrets in the place of every field",
    ends: malformed,
    act: ({ secret }, socket) =>
      socket.end(
        whole(
          200,
          JSON.stringify({
            access_token: [secret],
            accessToken: { secret },
            refresh_token: `${secret} `,
            refreshToken: `${secret}\n`,
            expires_in: secret,
            expiresIn: secret,
            [secret]: secret
          })
        )
      )
  },
  { name: "204", ends: malformed, act: (_, socket) => socket.end(raw("204 No Content", [])) }
]
