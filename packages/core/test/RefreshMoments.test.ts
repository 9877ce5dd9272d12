// The moments at which a token's state changes: by the schedule, by the default window for reads, and by the nearer end
// of the two tokens.
import { assert, describe, it } from "@effect/vitest"
import * as RefreshPolicy from "../src/RefreshPolicy.ts"

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const issuedAt = 1_000_000_000_000

const moments = (
  life: number,
  refreshLife: number | null,
  given: { readonly scheduledAfter?: number; readonly random?: number; readonly minimumLifetime?: number } = {}
) => {
  const expiresAt = life === Infinity ? null : issuedAt + life
  const refreshEndsAt = refreshLife === null ? null : issuedAt + refreshLife
  const at = RefreshPolicy.moments(
    { issuedAt, expiresAt, refreshEndsAt },
    {
      scheduledAt: issuedAt + (given.scheduledAfter ?? Infinity),
      random: given.random ?? 0,
      minimumLifetime: given.minimumLifetime ?? 10 * second
    }
  )
  return { timer: at.timerAt - issuedAt, due: at.dueAt - issuedAt, expired: at.expiredAt - issuedAt }
}

describe("the moments of a token", () => {
  it("expired when min(`minimumLifetime`, 10 %) is left", () => {
    assert.strictEqual(moments(hour, null).expired, hour - 10 * second)
    assert.strictEqual(moments(hour, null, { minimumLifetime: minute }).expired, 59 * minute)
    assert.strictEqual(moments(hour, null, { minimumLifetime: day }).expired, 54 * minute)
    assert.strictEqual(moments(hour, null, { minimumLifetime: 0 }).expired, hour)
  })

  it("a 30 s token is served for 27 s and is not refreshed on every read; a 4 s token for 3.6 s", () => {
    assert.deepStrictEqual(moments(30 * second, null, { scheduledAfter: 22_500 }), {
      timer: 22_500,
      due: 22_500,
      expired: 27_000
    })
    assert.deepStrictEqual(moments(4 * second, null, { scheduledAfter: 3_000 }), {
      timer: 3_000,
      due: 3_000,
      expired: 3_600
    })
  })

  it("by the schedule: due when it says so", () => {
    assert.deepStrictEqual(moments(hour, null, { scheduledAfter: 10 * minute }), {
      timer: 10 * minute,
      due: 10 * minute,
      expired: hour - 10 * second
    })
  })

  it("a schedule that says later than the default: the default `due` holds for reads", () => {
    assert.deepStrictEqual(moments(hour, null, { scheduledAfter: 55 * minute }), {
      timer: 55 * minute,
      due: 45 * minute,
      expired: hour - 10 * second
    })
  })

  it("a schedule that is done: no timer, and the default `due` for reads, earlier at random", () => {
    assert.deepStrictEqual(moments(hour, null), { timer: Infinity, due: 45 * minute, expired: hour - 10 * second })
    assert.strictEqual(moments(hour, null, { random: 1 }).due, 39 * minute)
  })

  it("a user's schedule is obeyed down to 1 s", () => {
    assert.strictEqual(moments(hour, null, { scheduledAfter: 0 }).timer, second)
    assert.strictEqual(moments(hour, null, { scheduledAfter: 10 }).timer, second)
    assert.strictEqual(moments(hour, null, { scheduledAfter: 1_500 }).timer, 1_500)
  })

  it.each([second, 1_500])("no timer comes under 1 s after the issue, for a life of %d ms neither", (life) => {
    for (const random of [0, 0.5, 1]) {
      const at = moments(life, null, { scheduledAfter: life * 0.65, random })
      assert.isAtLeast(at.timer, second)
      assert.isAtLeast(at.due, life / 2)
    }
  })

  it("a token that never expires has none", () => {
    assert.deepStrictEqual(moments(Infinity, null), { timer: Infinity, due: Infinity, expired: Infinity })
  })

  it("LogiSense: the refresh token dies a second before, so its end counts, less a second", () => {
    const life = 30 * minute
    const nearer = life - 2 * second
    const at = moments(life, life - second, { scheduledAfter: 22.5 * minute })
    assert.deepStrictEqual(at, { timer: nearer * 0.75, due: nearer * 0.75, expired: life - 10 * second })
    assert.isBelow(moments(life, life - second, { scheduledAfter: 29 * minute }).timer, life - second)
    assert.strictEqual(moments(life, life - second).due, nearer * 0.75)
  })

  it("a refresh token that dies long before: its own end counts, also for a token that never expires", () => {
    assert.strictEqual(moments(hour, 10 * minute, { scheduledAfter: 45 * minute }).timer, 0.75 * (10 * minute - second))
    assert.strictEqual(moments(Infinity, hour).due, (hour - second) * 0.75)
  })

  it("a refresh token that outlives the access token changes nothing", () => {
    assert.deepStrictEqual(
      moments(15 * minute, 30 * day, { scheduledAfter: 9 * minute }),
      moments(15 * minute, null, { scheduledAfter: 9 * minute })
    )
  })

  it.each([0, -hour, 1, 500])(
    "a refresh token that lives %d ms makes no read due at once, and no timer",
    (refreshLife) => {
      const at = moments(hour, refreshLife, { scheduledAfter: 45 * minute })
      assert.isAtLeast(at.timer, second)
      assert.isAtLeast(at.due, second)
    }
  )
})
