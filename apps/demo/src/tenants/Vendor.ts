/**
 * The vendor of `pnpm demo --tenants`, in a process of its own, so that what the app weighs is the app's alone.
 *
 * Decided here: each tenant has an LRS Connect of its own behind one port, with its own user, password and memory of
 * tokens: a token that came to another tenant would be refused. Not here: who the tenants are (`Tenant`), how LRS
 * Connect answers (its simulator), and what is asked of it (`Tenants`).
 */
import { LrsConnectSimulator } from "@vendor-auth/lrs-connect/testing"
import * as Loopback from "@vendor-auth/testing/Loopback"
import { Effect } from "effect"
import * as Tenant from "./Tenant.ts"

/** What the vendor is started with; a life is in seconds. */
export interface Orders {
  readonly count: number
  readonly life: number
}

/** What the vendor tells: where it serves, and then, whenever it is asked, what it saw. */
export type News = { readonly _tag: "Serves"; readonly origin: string } | ({ readonly _tag: "Saw" } & Saw)

/** What all tenants' requests came to so far. */
export interface Saw {
  readonly logins: number
  readonly refreshes: number
  /** Refreshes of the tenant that has had fewest, and of the one that has had most. */
  readonly fewest: number
  readonly most: number
  /** Calls of the API that were answered 200. */
  readonly calls: number
  /** Refresh tokens that were presented after they were spent. */
  readonly reuses: number
  readonly violations: number
}

const { count, life } = JSON.parse(process.argv[2]!) as Orders

const tell = (news: News) => Effect.callback<void>((resume) => void process.send!(news, () => resume(Effect.void)))

const program = Effect.gen(function* () {
  const tenants = new Map<string, LrsConnectSimulator.LrsConnectSimulator>()
  for (const id of Tenant.ids(count)) {
    const simulator = yield* LrsConnectSimulator.make({ credentials: Tenant.credentials(id) })
    yield* simulator.setLives({ access: `${life} seconds` })
    tenants.set(id, simulator)
  }
  const [first] = tenants.values()
  const origin = yield* Loopback.serve({
    ...first!,
    handle: Effect.fnUntraced(function* (request) {
      const [, id, path] = /^\/([^/]+)(\/.*)$/.exec(new URL(request.url).pathname) ?? []
      const tenant = tenants.get(id ?? "")
      if (tenant === undefined) return new Response("Not Found", { status: 404 })
      const { headers, method } = request
      const body = yield* Effect.promise(() => request.text())
      return yield* tenant.handle(
        new Request(`${tenant.origin}${path}`, { method, headers, body: body === "" ? null : body })
      )
    })
  })

  const saw = Effect.gen(function* () {
    const sum = { logins: 0, refreshes: 0, fewest: Infinity, most: 0, calls: 0, reuses: 0, violations: 0 }
    for (const tenant of tenants.values()) {
      const seen = yield* tenant.seen
      const answered = (kind: string) => seen.filter((one) => one.kind === kind && one.status === 200).length
      const refreshes = answered("refresh")
      sum.logins += answered("login")
      sum.refreshes += refreshes
      sum.fewest = Math.min(sum.fewest, refreshes)
      sum.most = Math.max(sum.most, refreshes)
      sum.calls += answered("api")
      sum.reuses += yield* tenant.reuses
      sum.violations += (yield* tenant.violations).length
    }
    return sum
  })
  process.on("message", () => Effect.runFork(Effect.flatMap(saw, (sum) => tell({ _tag: "Saw", ...sum }))))
  yield* tell({ _tag: "Serves", origin })
  return yield* Effect.never
})

// A parent that is gone wants nothing any more.
process.on("disconnect", () => process.exit())
await Effect.runPromise(Effect.scoped(program))
