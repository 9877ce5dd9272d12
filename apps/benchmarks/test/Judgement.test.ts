// What a run is judged by, without a run and without the peers. Decided here: that a figure over its goal or its
// ceiling is named with how much, that one which was not found is never taken for good, and that ratios are formed
// inside a round. Not here: the measures.
import { assert, describe, it } from "vitest"
import * as Goals from "../src/Goals.ts"
import * as Guards from "../src/Guards.ts"
import type { Found } from "../src/Measures.ts"
import { names } from "../src/Measures.ts"
import * as Statistics from "../src/Statistics.ts"
import * as Table from "../src/Table.ts"

const row = (peer: string, name: string, ns: number, bytes: number) => ({
  peer,
  name,
  ns: [ns],
  best: [ns],
  ratio: ns / 50,
  bestRatio: ns / 50,
  bytes
})

const read = (ns: number, bytes: number) => ({
  read: [
    row("floor", "closure, async (floor)", 50, 264),
    row("smithy", "smithy memoizeIdentityProvider", 80, NaN),
    row("vendor-auth", "vendor-auth, in a fiber", ns, bytes)
  ]
})

/** One process for each figure, in which auth adds so many per cent of CPU. */
const http = (added: ReadonlyArray<number>): Found => {
  const blocks = (cpuUs: number) => Array.from({ length: 4 }, () => ({ us: 50, cpuUs: 90, threadUs: cpuUs }))
  const real = added.map((more) => ({ raw: blocks(50), authed: blocks(50 + more / 2) }))
  return { http: [{ peer: "vendor-auth", name: "vendor-auth, Effect undici", real, memory: [], error: undefined }] }
}

const verdict = (found: Found, id: string) => {
  const judged = Goals.judge(found).find(({ goal }) => goal.id === id)!
  return judged.told === undefined ? undefined : Goals.missed(judged.told)
}

describe("judgement", () => {
  it("a goal that is met is not missed, and one that is missed says by how much", () => {
    assert.deepStrictEqual(verdict(read(82, 130), "read"), [])
    assert.deepStrictEqual(verdict(read(164, 130), "read"), ["by 100 %"])
    assert.deepStrictEqual(verdict(read(82, 143), "bytes"), ["by 10.0 %"])
  })

  it("a goal whose measure did not run is not judged, and a figure that was not found is not met", () => {
    assert.isUndefined(verdict({}, "read"))
    assert.deepStrictEqual(verdict(read(82, NaN), "bytes"), ["not found"])
  })

  it("an overhead is met where its interval holds 0 and is narrow, and too noisy to say where it is wide", () => {
    const processes = (of: (i: number) => number) => http(Array.from({ length: 10 }, (_, i) => of(i - 4.5)))
    const both = (found: Found) => {
      const told = Goals.judge(found).find(({ goal }) => goal.id === "http")!.told!
      return [Goals.missed(told), Goals.unclear(told)]
    }
    assert.deepStrictEqual(both(processes((i) => i)), [[], []])
    assert.deepStrictEqual(both(processes((i) => i * 4)), [[], ["undici: 20.0 wide, at most 6"]])
    assert.deepStrictEqual(both(processes((i) => i + 4)), [["undici by 1.50 %"], []])
    assert.deepStrictEqual(both(processes((i) => i * 4 + 20)), [[], ["undici: 20.0 wide, at most 6"]])
    assert.deepStrictEqual(both(processes((i) => i * 4 + 40)), [["undici by 30.0 %"], []])
    assert.deepStrictEqual(both(http([1, 1, 1, 1, 1])), [[], ["undici: ∞ wide, at most 6"]])
  })

  it("the best peer is the best of those with a figure", () => {
    const told = (id: string) => Goals.judge(read(82, 130)).find(({ goal }) => goal.id === id)!.told!
    assert.strictEqual(told("read").peer, "1.60 x (smithy)")
    assert.strictEqual(told("bytes").peer, "-")
  })

  it("a check names what got worse and what was not found", () => {
    const lines = Guards.check(read(1_000, 100))
    assert.deepStrictEqual(
      lines.filter((line) => line.startsWith("WORSE")),
      [`WORSE: cached read in a fiber, x floor is 20 x, and may be ${Statistics.figure(Guards.guards[0]!.most)} x`]
    )
    assert.strictEqual(lines.length, Guards.guards.length - 1)
    assert.deepStrictEqual(
      Guards.measured.filter((name) => !names.includes(name)),
      []
    )
  })

  it("a ratio is the median of each round's ratio, whatever the rounds have to do with each other", () => {
    assert.strictEqual(Statistics.ratio([10, 200, 33], [5, 100, 11]), 2)
    assert.strictEqual(Statistics.ratio([10], [5, 1]), 2)
    assert.isNaN(Statistics.ratio([], [1]))
    assert.strictEqual(Statistics.quantile([4, 1, 3, 2], 0.5), 2.5)
  })

  it("a centre is hardly moved by an outlier, and where it lies is told by Wilcoxon's signed ranks", () => {
    const of = (size: number) => Statistics.centre(Array.from({ length: size }, (_, i) => i + 1))
    assert.deepStrictEqual(of(6), { at: 3.5, low: 1, high: 6 })
    assert.deepStrictEqual(of(8), { at: 4.5, low: 2, high: 7 })
    assert.deepStrictEqual(of(20), { at: 10.5, low: 7.5, high: 13.5 })
    assert.deepStrictEqual(of(5), { at: 3, low: -Infinity, high: Infinity })
    assert.strictEqual(Statistics.centre([1, 2, 3, 4, 5, 6, 7, 1_000]).at, 4.5)
    assert.strictEqual(Statistics.middle([-1_000, 1, 2, 3, 4, 5, 6, 1_000]), 3.5)
  })

  it("a figure has three digits that count", () => {
    const written = [0.123, 12.34, 123.4, 12_345.6, 7, NaN].map(Statistics.figure)
    assert.deepStrictEqual(written, ["0.12", "12.3", "123", "12,346", "7", "-"])
  })

  it("a table is as the formatter would write it", () => {
    const table = Table.table(["reader", "ns"], [["a|b", 5], ["closure"]])
    assert.strictEqual(table, "| reader  |  ns |\n| ------- | --: |\n| a/b     |   5 |\n| closure |     |")
  })
})
