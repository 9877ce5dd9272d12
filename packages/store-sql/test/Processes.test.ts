// Many processes of one machine on one file.
// Decided here: real processes, started at once and killed. Not here: who may open the file (`SqliteFile.test.ts`), and
// the protocol under chaos.
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Scheduler from "effect/Scheduler"
import { inFile, keys, openFile, patience, rows, times } from "./Keys.ts"
import * as Processes from "./Processes.ts"

const secret = Buffer.from(Redacted.value(keys.keys["test"]!)).toString("base64")

/** Starts so many, lets them begin together, and gives what they said once all have ended well. */
const together = (amount: number, ...args: ReadonlyArray<string>) =>
  Effect.promise(async () => {
    const all = Array.from({ length: amount }, () => Processes.start(...args))
    try {
      await Promise.all(all.map((one) => one.next()))
      for (const one of all) one.go()
      if (args[0] === "race") {
        await Promise.all(all.map((one) => one.next()))
        for (const one of all) one.go()
      }
      const ends = await Promise.all(all.map((one) => one.ended))
      assert.deepStrictEqual(
        ends,
        ends.map(() => ({ code: 0, complaint: "" }))
      )
      return all.map(({ said }) => said.filter((line) => /^\d+$/.test(line)))
    } finally {
      for (const one of all) one.kill("SIGKILL")
    }
  })

describe("many processes", () => {
  it.live("make the table one after the other, whatever comes between two of their statements", () =>
    inFile((file) =>
      Effect.gen(function* () {
        const stores = yield* Effect.all(
          Array.from({ length: 2 }, () => openFile(file)),
          { concurrency: "unbounded" }
        ).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, 10))
        for (const store of stores) assert.strictEqual((yield* store.read("robot")).version, 0)
      }).pipe(Effect.scoped)
    )
  )

  it.live("start at once on a file that is not there: one makes the table, all open it", () =>
    inFile((file) =>
      Effect.gen(function* () {
        yield* together(8, "race", file.path, secret)
        assert.deepStrictEqual(
          file.sql("SELECT migration_id, name FROM vendor_auth_migrations").map((row) => ({ ...row })),
          [{ migration_id: 1, name: "sessions" }]
        )
        assert.deepStrictEqual(rows(file), [])
      })
    )
  )

  it.live(
    "H11: write at the same record, and no write is lost; who reads meanwhile finds each record whole",
    () =>
      inFile((file) =>
        Effect.gen(function* () {
          const each = times(1_000, 20)
          const store = yield* openFile(file)
          const versions: Array<number> = []
          const reading = Effect.gen(function* () {
            while (versions.length < times(100_000, 20)) {
              const { session, version } = yield* store.read("counter")
              if (session === undefined) {
                yield* Effect.sleep("5 millis")
                continue
              }
              assert.deepStrictEqual([session.generation, ...session.seeds], [version, `${version}`])
              versions.push(version)
            }
          })
          const writing = together(8, "increment", file.path, secret, String(each))
          const [said] = yield* Effect.all([writing, reading], { concurrency: "unbounded" })
          const counts = said.flat().map(Number)
          assert.deepStrictEqual(
            counts.toSorted((a, b) => a - b),
            Array.from({ length: 8 * each }, (_, n) => n + 1)
          )
          const { session, version } = yield* store.read("counter")
          assert.deepStrictEqual([session!.generation, version], [8 * each, 8 * each])
          assert.isTrue(versions.every((one, n) => n === 0 || one >= versions[n - 1]!))
          assert.isAbove(new Set(versions).size, 10, "it was not read while it was written")
        }).pipe(Effect.scoped)
      ),
    patience
  )

  it.live("are killed while they write, and every write that had answered is there", () =>
    inFile((file) =>
      Effect.gen(function* () {
        let told = 0
        for (let round = 0; round < times(20, 4); round++) {
          const all = yield* Effect.promise(async () => {
            const pair = [0, 1].map(() => Processes.start("increment", file.path, secret, "1000000"))
            await Promise.all(pair.map((one) => one.next()))
            for (const one of pair) one.go()
            await Promise.all(pair.map((one) => one.next()))
            await new Promise((resolve) => setTimeout(resolve, 20 + 13 * round))
            for (const one of pair) one.kill("SIGKILL")
            await Promise.all(pair.map((one) => one.ended))
            return pair
          })
          const said = all.flatMap((one) => one.said.filter((line) => /^\d+$/.test(line)).map(Number))
          const store = yield* openFile(file)
          const { session } = yield* store.read("counter")
          told = Math.max(told, ...said)
          assert.isAtLeast(session!.generation, told)
          // At most the two writes under way were not told.
          assert.isAtMost(session!.generation, told + 2 * (round + 1))
          assert.strictEqual(new Set(said).size, said.length)
        }
        assert.isAbove(told, 10)
      }).pipe(Effect.scoped)
    )
  )
})
