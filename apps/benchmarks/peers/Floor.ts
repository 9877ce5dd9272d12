// The floor: no library at all.
// Decided here: what the figures of all others are divided by, and the limits below it. Not here: the closure itself.
// The naive timer is shown as what many write, not as what is right.
import * as undici from "undici"
import * as Closure from "./Closure.ts"
import type { Environment, Peer } from "./Peer.ts"

const tokens = (environment: Environment) =>
  Closure.cache(async () => Closure.toToken(await environment.requestToken()), environment)

const undiciGet = async (url: string, token: string) => {
  const response = await undici.request(url, { headers: { authorization: `Bearer ${token}` } })
  await response.body.text()
  return response.statusCode
}

/** The same promise is handed out until expiry: the manager itself allocates nothing. */
const cachedPromise = (environment: Environment) => {
  const { seed } = environment
  let expiresAt = seed?.expiresAt ?? 0
  let promise = seed && Promise.resolve(seed.token)
  let pending: Promise<string> | undefined
  return () => {
    if (promise !== undefined && expiresAt - environment.skewMs > Date.now()) return promise
    return (pending ??= environment
      .requestToken()
      .then((answer) => {
        expiresAt = Date.now() + answer.expires_in * 1000
        promise = Promise.resolve(answer.access_token)
        return answer.access_token
      })
      .finally(() => {
        pending = undefined
      }))
  }
}

export const peer: Peer = {
  id: "floor",
  readers: {
    "closure, async (floor)": async (environment) => tokens(environment),
    "closure, cached promise": async (environment) => ({ get: cachedPromise(environment) })
  },
  limits: {
    "closure, sync (limit)": async (environment) => {
      const { get, peek } = tokens(environment)
      return { getSync: peek, get }
    }
  },
  clients: {
    "fetch + closure": async (environment) => Closure.plainClient(tokens(environment).get),
    "undici.request + closure + 401 retry": async (environment) =>
      Closure.retryingClient(tokens(environment), undiciGet)
  },
  stormClients: {
    "fetch + closure + 401 retry": async (environment) => Closure.retryingClient(tokens(environment), Closure.fetchGet)
  },
  accounts: {
    "records only, no schedule (limit)": (size, plan) => {
      const accounts = new Map()
      for (let i = 0; i < size; i++) {
        accounts.set(`account-${i}`, { token: plan.token(i), expiresAt: Date.now() + plan.nextMs })
      }
      return { accounts, stop: () => undefined }
    },
    "setTimeout per account": (size, plan) =>
      Closure.timerPerAccount(size, plan, (i) => {
        const account = {
          token: plan.token(i),
          expiresAt: Date.now() + plan.nextMs,
          refresh: async () => {
            account.token = (await plan.refresh(i)).access_token
          }
        }
        return account
      }),
    "one timer + binary heap (limit)": (size, plan) => {
      const accounts = new Map<string, { token: string; readonly expiresAt: number }>()
      const records: Array<{ token: string; readonly expiresAt: number }> = []
      const heap = new Closure.DueHeap()
      const begun = Date.now()
      for (let i = 0; i < size; i++) {
        const record = { token: plan.token(i), expiresAt: begun + plan.nextMs }
        records.push(record)
        accounts.set(`account-${i}`, record)
        heap.push(begun + plan.firstDueMs(i), i)
      }
      let timer: NodeJS.Timeout
      const arm = () => {
        timer = setTimeout(tick, Math.max(1, heap.peek() - Date.now()))
      }
      const tick = () => {
        const now = Date.now()
        while (heap.size > 0 && heap.peek() <= now) {
          const i = heap.pop()
          void plan.refresh(i).then((answer) => {
            records[i]!.token = answer.access_token
          })
          heap.push(now + plan.nextMs, i)
        }
        arm()
      }
      arm()
      return { accounts, stop: () => clearTimeout(timer) }
    }
  },
  entries: {
    "empty program (limit)": "Empty.js",
    "closure (floor)": "Closure.js"
  },
  longLife: {
    "setTimeout(expiresIn - skew), naive": ({ count, ms }) => {
      const arm = (): unknown =>
        setTimeout(() => {
          count()
          arm()
        }, ms - 60_000)
      arm()
    }
  },
  exit: {
    setTimeout: () => void setTimeout(() => undefined, 3_600_000),
    "setTimeout + unref": () => void setTimeout(() => undefined, 3_600_000).unref()
  }
}
