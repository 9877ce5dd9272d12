/**
 * What is kept of the past, in the server and in the page, is bounded.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Known from "../../page/Known.js"
import * as History from "../../src/serve/History.ts"
import type * as News from "../../src/serve/News.ts"

const token = (generation: number, at: number): News.Token => ({
  _tag: "Token",
  generation,
  fingerprint: "00c0ffee",
  issuedAt: at,
  expiresAt: at + 10_000,
  dueAt: at + 7_500
})
const seat: News.Seat = { id: "acme", name: "Acme", account: "", actions: [], absence: undefined }
const now: News.Now = {
  id: "acme",
  state: "Fresh",
  since: 0,
  token: undefined,
  retryAt: undefined,
  flying: undefined,
  counters: { calls: 0, exchanges: 0, joined: 0, healed: 0, failures: 0 },
  trouble: undefined,
  on: []
}
const news = (at: number, entries: ReadonlyArray<News.Entry>, isFirst = false): News.News => ({
  at,
  mode: "simulated",
  seats: isFirst ? [seat] : undefined,
  entries,
  now: [now]
})

describe("the server's history", () => {
  it("keeps no more than its number and nothing older than its age, however much happens", () => {
    const history = History.make()
    for (let i = 0; i < 100_000; i++) history.add("acme", i * 10, { _tag: "State", state: "Due" })
    assert.strictEqual(history.all().length, History.most)
    history.add("acme", 100_000 * 10 + History.longest, { _tag: "State", state: "Fresh" })
    assert.strictEqual(history.all().length, 1)
  })

  it("gives a reader what he missed, and says so when some of it is gone", () => {
    const history = History.make({ longest: 1_000, most: 3 })
    for (let i = 1; i <= 5; i++) history.add("acme", i, { _tag: "State", state: "Due" })
    const numbers = (seq: number) => history.after(seq)?.map((entry) => entry.seq)
    assert.deepStrictEqual([numbers(5), numbers(4), numbers(2)], [[], [5], [3, 4, 5]])
    assert.isUndefined(numbers(1))
    // A number that was never given belongs to another server.
    assert.isUndefined(numbers(6))
  })
})

describe("what the page knows", () => {
  it("is bounded by number and by age", () => {
    let known = Known.take(Known.nothing, news(0, [], true), 0)
    for (let seq = 1; seq <= 20_000; seq++) {
      known = Known.take(known, news(seq * 10, [{ ...token(seq, seq * 10), seq, at: seq * 10, vendor: "acme" }]), 0)
    }
    assert.strictEqual(known.entries.get("acme")!.length, Known.most)
    known = Known.take(known, news(200_000 + Known.longest + 1, []), 0)
    assert.deepStrictEqual(known.entries.get("acme"), [])
  })

  it("is void when everything is told anew", () => {
    const first = Known.take(Known.nothing, news(5, [{ ...token(1, 5), seq: 7, at: 5, vendor: "acme" }], true), 0)
    const again = Known.take(first, news(9, [{ ...token(1, 9), seq: 1, at: 9, vendor: "acme" }], true), 0)
    assert.deepStrictEqual(
      again.entries.get("acme")!.map(({ seq }) => seq),
      [1]
    )
  })

  it("a token's bar ends when the next one comes or when it is dropped, and is due when it was seen due", () => {
    const at = (moment: number, event: News.Event): News.Entry => ({
      ...event,
      seq: moment,
      at: moment,
      vendor: "acme"
    })
    const lives = Known.lives(
      [
        at(1_000, token(1, 1_000)),
        at(7_000, { _tag: "State", state: "Due" }),
        at(7_050, token(2, 7_040)),
        at(9_000, { _tag: "State", state: "Expired" }),
        at(9_100, token(3, 9_050))
      ],
      token(3, 9_050)
    )
    assert.deepStrictEqual(
      lives.map(({ dueAt, token, until }) => [token.generation, dueAt, until]),
      [
        [1, 7_000, 7_050],
        [2, 14_540, 9_000],
        [3, 16_550, undefined]
      ]
    )
  })

  it("a token and a trouble that are older than all entries are still drawn", () => {
    assert.deepStrictEqual(
      Known.lives([], token(4, 0)).map(({ token, until }) => [token.generation, until]),
      [[4, undefined]]
    )
    const trouble = { kind: "outage", what: "", doing: "", cure: undefined, since: 3 } as const
    assert.deepStrictEqual(Known.troubles([], trouble), [{ kind: "outage", from: 3, until: undefined }])
  })
})
