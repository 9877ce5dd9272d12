/**
 * Many accounts that mix, storm, slow one another, are lost or never forgotten.
 *
 * Not here: what goes wrong with one account alone (the other lists).
 */
import type { Sabotage } from "../Sabotage.ts"

const residents = "packages/core/src/Residents.ts"
const accounts = "packages/core/src/ManyAccounts.ts"
const budget = "packages/core/src/RetryBudget.ts"
const tenants = ["packages/testing/test/guarantees/Tenants.test.ts"]
const storms = ["packages/testing/test/guarantees/TenantsStorms.test.ts"]
const suite = ["packages/logisense/test/LogiSenseAuth.test.ts"]

export const many: ReadonlyArray<Sabotage> = [
  {
    title: "a tenant's account is looked up by its name in small letters",
    file: residents,
    find: "      let resident = residents.get(id)\n",
    replace: "      let resident = residents.get(id.toLowerCase()) ?? residents.get(id)\n",
    tests: tenants
  },
  {
    title: "a tenant's client serves whoever used it first",
    file: accounts,
    find: "AuthHttpClient.make(account, { api, invalidate, token }, client, vendor)",
    replace: "(shared ??= AuthHttpClient.make(account, { api, invalidate, token }, client, vendor))",
    also: [
      {
        find: "  const of = (id: string): Account<S> => {",
        replace: "  let shared: any\n  const of = (id: string): Account<S> => {"
      }
    ],
    tests: tenants
  },
  {
    title: "many accounts have no bound",
    file: residents,
    find: "    if (residents.size < options.capacity) return true\n",
    replace: "    if (options.capacity > 0) return true\n",
    tests: tenants
  },
  {
    title: "the account that was entered first makes room, used or not",
    file: residents,
    find: "const wasUsed = resident.usedAt > resident.consideredAt",
    replace: "const wasUsed = false as boolean",
    tests: tenants
  },
  {
    title: "an account that owes its store something makes room",
    file: "packages/core/src/Memory.ts",
    find: "  owed === undefined &&\n",
    replace: "",
    tests: tenants
  },
  {
    title: "what is owed to a store is paid only when somebody asks for the account",
    file: residents,
    find: "owed === undefined ? at : Math.min(at, payAt)",
    replace: "at + 0 * (owed === undefined ? 0 : (state.failure?.retryAt ?? 0))",
    tests: tenants
  },
  {
    title: "an idle account is never forgotten",
    file: residents,
    find: "if (resident.usedAt <= before && isDispensable(resident)) forget(resident)",
    replace: "if (resident.usedAt <= -before && isDispensable(resident) && before === 1) forget(resident)",
    tests: tenants
  },
  {
    title: "an account that was due and that nobody asked for is kept in memory",
    file: residents,
    find: "const isVisitor = usedAt === -Infinity && resident.at > now() + 1_000",
    replace: "const isVisitor = usedAt === 0.5",
    tests: tenants
  },
  {
    title: "the store is not asked what is due",
    file: accounts,
    find: "  yield* DueRounds.make({ vendor: vendor.vendor, store, residents })\n",
    replace: "",
    tests: tenants
  },
  {
    title: "an account that another process is at is left alone as if it could not be refreshed",
    file: residents,
    find: "return isListed && held !== undefined ? held.timerAt : 0",
    replace: "return isListed && held !== undefined ? held.timerAt : undefined",
    tests: tenants
  },
  {
    title: "an account whose own schedule is later than the store's list is looked at in every round",
    file: residents,
    find: "return isListed && held !== undefined ? held.timerAt : 0",
    replace: "return isListed && held === undefined ? 1 : 0",
    tests: tenants
  },
  {
    title: "an engine is dropped while its flight is out",
    file: "packages/core/src/TokenEngine.ts",
    find: "isBusy: () => flying > 0 || signingOut > 0",
    replace: "isBusy: () => signingOut > 0",
    tests: [...suite, ...tenants]
  },
  {
    title: "an engine is made for each caller of an account that sleeps",
    file: residents,
    find: "        resident.awake = made\n",
    replace: "        resident.awake ??= made\n",
    also: [
      { find: "if (awake !== undefined) return restore", replace: "if (awake?.controls !== undefined) return restore" }
    ],
    tests: [...suite, ...tenants]
  },
  {
    title: "an account that sleeps is not waked by its schedule",
    file: residents,
    find: "    if (agenda.next() < nearest) nearer.openUnsafe()\n",
    replace: "",
    tests: suite
  },
  {
    title: "who leaves last forgets the successor of an account that was forgotten",
    file: residents,
    find: "if (residents.get(resident.id) === resident) residents.delete(resident.id)",
    replace: "residents.delete(resident.id)",
    tests: suite
  },
  {
    title: "each account of a vendor that is down retries as if it were alone",
    file: budget,
    find: "      if (credit < 1 && !isProbe) return false\n",
    replace: "",
    tests: storms
  },
  {
    title: "a vendor that is back is asked by all of its accounts at once",
    file: budget,
    find: "if (taken >= Math.max(perSecond, accounts * partPerSecond)) return false",
    replace: "if (taken >= accounts * 100) return false",
    tests: ["packages/core/test/RetryBudget.test.ts"]
  },
  {
    title: "a vendor that is back is not noticed",
    file: budget,
    find: "const isProbe = credit < 1 && Math.abs(now - probedAt) >= probeEvery",
    replace: "const isProbe = credit < 0 && now - probedAt >= probeEvery",
    tests: storms
  },
  {
    title: "accounts that were issued in the same second come back in the same second",
    file: "packages/core/src/RefreshPolicy.ts",
    find: "const dueJitter = 0.1",
    replace: "const dueJitter = 0",
    tests: storms
  },
  {
    title: "an agenda loses an entry that is moved to a later moment",
    file: "packages/core/src/Agenda.ts",
    find: "      if (heap[below]!.at >= entry.at) break\n",
    replace: "      if (heap[below]!.at >= entry.at || place > 2) break\n",
    tests: ["packages/core/test/Agenda.test.ts"]
  }
]
