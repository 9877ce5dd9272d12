// Starts the server (`Server`) as a child and speaks to its control path; and makes what an adapter is given.
// Decided here: how long before expiry every cache written by hand refreshes. Not here: what the server answers.
// It is also how the program that runs all measures reaches a server for those that end by themselves.
import { fork } from "node:child_process"
import { request } from "node:http"
import type { Answer, Environment } from "../peers/Peer.ts"

/** What the server counted since it was reset. */
export interface Counts {
  readonly tokenRequests: number
  readonly apiRequests: number
}

export interface Command {
  readonly reset?: { readonly newestOnly?: boolean; readonly spreadMs?: number }
  readonly revoke?: boolean
}

export interface Endpoint {
  readonly apiUrl: string
  /** Answers after so many milliseconds. */
  readonly tokenUrl: (latency: number) => string
  readonly control: (command: Command) => Promise<Counts>
  readonly stop: () => void
}

export const start = async (): Promise<Endpoint> => {
  const child = fork(new URL("Server.ts", import.meta.url), { execArgv: ["--max-semi-space-size=64"] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { readonly port: number }).port))
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)))
  })
  const base = `http://127.0.0.1:${port}`
  return {
    apiUrl: `${base}/api`,
    tokenUrl: (latency) => `${base}/token/${latency}`,
    control: (command) =>
      new Promise((resolve, reject) => {
        const control = request(`${base}/control`, { method: "POST", agent: false }, (response) => {
          let text = ""
          response.on("data", (chunk) => {
            text += chunk
          })
          response.on("end", () => resolve(JSON.parse(text)))
        })
        control.on("error", reject)
        control.end(JSON.stringify(command))
      }),
    stop: () => child.kill()
  }
}

/** What an adapter is given. */
export const environment = (given: Pick<Environment, "tokenUrl" | "apiUrl"> & Partial<Environment>): Environment => ({
  seed: undefined,
  requestToken: async () => {
    const response = await fetch(given.tokenUrl, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "grant_type=client_credentials&client_id=id&client_secret=secret"
    })
    if (!response.ok) throw new Error(`the token endpoint answered ${response.status}`)
    return (await response.json()) as Answer
  },
  skewMs: 30_000,
  ...given
})
