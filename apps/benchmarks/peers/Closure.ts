// The floor: a single-flight token cache as a plain closure, and clients over it. Decided here: what the least code
// that is right looks like, which peers without a cache or a schedule of their own are given too. Not here: what is
// measured of it.
import { type Accounts, type Answer, type Client, constantToken, type Environment, type Plan } from "./Peer.ts"

/** A token as a user would keep it. */
export interface Token {
  readonly accessToken: string
  readonly expiresAt: number
}

/** One flight at a time, an expiry that is looked at by every read. */
export const cache = (acquire: () => Promise<Token>, { seed, skewMs }: Pick<Environment, "seed" | "skewMs">) => {
  let token: Token | undefined = seed && { accessToken: seed.token, expiresAt: seed.expiresAt }
  let pending: Promise<Token> | undefined
  const refresh = () =>
    (pending ??= acquire()
      .then((next) => (token = next))
      .finally(() => {
        pending = undefined
      }))
  const usable = () => (token !== undefined && token.expiresAt - skewMs > Date.now() ? token : undefined)
  return {
    get: async () => (usable() ?? (await refresh())).accessToken,
    peek: () => usable()?.accessToken,
    /** After a 401: refreshes unless somebody replaced the rejected token meanwhile. */
    refreshIf: async (rejected: string) =>
      (token !== undefined && token.accessToken !== rejected ? token : await refresh()).accessToken
  }
}

export const toToken = (answer: Answer): Token => ({
  accessToken: answer.access_token,
  expiresAt: Date.now() + answer.expires_in * 1000
})

/** A GET with a bearer over fetch; the body is read to its end. */
export const fetchGet = async (url: string, token: string): Promise<number> => {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } })
  await response.text()
  return response.status
}

/** One read of a token per request, and nothing on a 401. */
export const plainClient = (get: () => Promise<string>): Client => ({
  raw: (url) => fetchGet(url, constantToken),
  authed: async (url) => fetchGet(url, await get())
})

/** The ideal answer to a 401: one refresh per rejected token, one retry. */
export const retryingClient = (
  tokens: ReturnType<typeof cache>,
  send: (url: string, token: string) => Promise<number>
): Client => ({
  raw: (url) => send(url, constantToken),
  authed: async (url) => {
    const token = await tokens.get()
    const status = await send(url, token)
    return status === 401 ? send(url, await tokens.refreshIf(token)) : status
  }
})

/** A timer by hand per account, for the peers that schedule nothing themselves. */
export const timerPerAccount = (
  size: number,
  plan: Plan,
  make: (index: number) => { readonly refresh: () => Promise<unknown> }
): Accounts => {
  const accounts = new Map<string, { readonly manager: unknown; timer: NodeJS.Timeout | undefined }>()
  for (let i = 0; i < size; i++) {
    const manager = make(i)
    const account: { readonly manager: unknown; timer: NodeJS.Timeout | undefined } = { manager, timer: undefined }
    const arm = (ms: number) => {
      account.timer = setTimeout(() => {
        void manager.refresh().then(() => arm(plan.nextMs))
      }, ms)
    }
    arm(plan.firstDueMs(i))
    accounts.set(`account-${i}`, account)
  }
  return {
    accounts,
    stop: () => {
      for (const { timer } of accounts.values()) clearTimeout(timer)
    }
  }
}

/** A binary heap of moments and indexes in two parallel arrays: nothing is allocated for an entry. */
export class DueHeap {
  readonly due: Array<number> = []
  readonly item: Array<number> = []
  get size(): number {
    return this.due.length
  }
  peek(): number {
    return this.due[0]!
  }
  push(due: number, item: number): void {
    let at = this.due.push(due) - 1
    this.item.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.due[parent]! <= due) break
      this.put(at, this.due[parent]!, this.item[parent]!)
      at = parent
    }
    this.put(at, due, item)
  }
  pop(): number {
    const top = this.item[0]!
    const due = this.due.pop()!
    const item = this.item.pop()!
    const size = this.due.length
    let at = 0
    while (2 * at + 1 < size) {
      let child = 2 * at + 1
      if (child + 1 < size && this.due[child + 1]! < this.due[child]!) child++
      if (this.due[child]! >= due) break
      this.put(at, this.due[child]!, this.item[child]!)
      at = child
    }
    if (size > 0) this.put(at, due, item)
    return top
  }
  private put(at: number, due: number, item: number): void {
    this.due[at] = due
    this.item[at] = item
  }
}
