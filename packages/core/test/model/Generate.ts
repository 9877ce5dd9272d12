// Random settings and random lists of commands: a seed gives always the same.
//
// Decided here: how often what happens. Not here: what a command does (`Commands`).
import type { Command, Script, Setting } from "./Commands.ts"
import type { StoreFault } from "./Process.ts"
import { type Random, random } from "./Time.ts"
import type { Fault } from "./Vendor.ts"

/** A random script. */
export const generate = (seed: number): Script => {
  const r: Random = random(seed)
  const life = r.pick([30_000, 300_000, 300_000, 3_600_000])
  const has = r.pick(["password", "password", "refreshToken", "both"] as const)
  const setting: Setting = {
    seed,
    has,
    use: r.pick(["once", "once", "many"]),
    life,
    refreshLife: r.chance(0.25) ? life - 1_000 : null,
    presentsAgain: r.chance(has === "refreshToken" ? 0.4 : 0.1),
    background: r.chance(0.7),
    jitter: r.chance(0.5),
    latency: r.pick([0, 50, 50, 2_000]),
    storeLatency: r.pick([0, 0, 20]),
    yields: r.chance(0.25),
    shuffles: r.chance(0.25),
    sleeps: seed % 4 === 0
  }
  const length = 1 + r.below(r.pick([6, 12, 25]))
  return { setting, commands: Array.from({ length }, () => command(r, life)) }
}

const kinds: ReadonlyArray<Fault["kind"]> = [
  "ok",
  "ok",
  "notSent",
  "answered",
  "throttled",
  "notAllowed",
  "lost",
  "malformed",
  "hangs",
  "blackHole",
  "refused",
  "sameToken",
  "noRefreshToken"
]

const fault = (r: Random): Fault => ({
  kind: r.pick(kinds),
  ...(r.chance(0.2) && { there: r.pick([0, 1_000, 12_000, 29_000, 40_000]) }),
  ...(r.chance(0.2) && { back: r.pick([0, 1_000, 12_000, 29_000, 40_000]) })
})

const command = (r: Random, life: number): Command => {
  const some = one(r, r.chance(0.7) ? 0 : 1, life)
  return r.chance(0.15) ? { ...some, steps: r.below(12) } : some
}

const one = (r: Random, p: number, life: number): Command => {
  const roll = r.below(100)
  if (roll < 18) return { do: "get", p, n: r.pick([1, 1, 3]) }
  if (roll < 46)
    return {
      do: "advance",
      ms: Math.round(
        r.pick([100, 1_000, 5_000, 16_000, 31_000, 36_000, 0.5 * life, 0.8 * life, 0.92 * life, 1.1 * life, 400_000])
      )
    }
  if (roll < 56) return { do: "faults", next: Array.from({ length: 1 + r.below(3) }, () => fault(r)) }
  if (roll < 59) return { do: "outage", fault: r.chance(0.3) ? null : fault(r) }
  if (roll < 64) return { do: "refresh", p, n: r.pick([1, 1, 2]) }
  if (roll < 69) return { do: "api", p, n: r.pick([1, 2]) }
  if (roll < 72) return { do: "apiAnswers", status: r.pick([200, 401, 401, 403, null]) }
  if (roll < 76) return { do: "interrupt", p, share: r.pick([0.01, 0.5, 1]) }
  if (roll < 79) return { do: "late401", p, back: r.below(3) }
  if (roll < 82) return { do: "signOut", p }
  if (roll < 85) return { do: "crash", p }
  if (roll < 86) return { do: "close", p }
  if (roll < 88) return { do: "suspend", p, ms: r.pick([4_000, 20_000, 40_000, life]), asleep: r.chance(0.5) }
  if (roll < 90)
    return {
      do: "setClock",
      p,
      ms: r.pick([-1, 1]) * r.pick([1_000, 60_000, 3_600_000, 10 * 31_536_000_000])
    }
  if (roll < 94) return { do: "store", p, fault: storeFault(r) }
  if (roll < 96) return { do: "changePassword" }
  if (roll < 98) return { do: "reconfigure", p, right: r.chance(0.5) }
  return { do: "revoke" }
}

const storeFault = (r: Random): StoreFault => {
  const kind = r.pick(["down", "answerLost", "answerLost", "late", "slow", "crash", "crash"] as const)
  if (kind === "down") return { kind, calls: r.pick([1, 2, 30, 500]) }
  if (kind === "slow") return { kind, ms: r.pick([1_000, 4_000]) }
  if (kind === "late") return { kind, ms: r.pick([4_000, 6_000, 20_000]) }
  return kind === "crash" ? { kind, writes: 1 + r.below(3), after: r.chance(0.5) } : { kind }
}
