// The search itself: it finds a planted secret in each form and in each place, names both, and prints no secret.
// Without this a suite that finds nothing would say nothing.
import { assert, describe, it } from "@effect/vitest"
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Redacted from "effect/Redacted"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { inspect } from "node:util"
import * as Canary from "./Canary.ts"
import { makeWatch, print } from "./Channels.ts"
import { mask, unmask } from "./programs/Plan.ts"
import * as Programs from "./Programs.ts"
import * as Snapshot from "./Snapshot.ts"

const secrets = {
  "a password": Canary.password(),
  "an opaque token": Canary.token(),
  "a JWT": Jwt.mint({ typ: "JWT", alg: "HS256" }, { iat: 1, jti: Jwt.uuid(), type: "access" })
}

const base64 = (text: string) => Buffer.from(text).toString("base64")

/** The forms in which a secret is planted, made by other means than the search's. */
const planted: Readonly<Record<string, (secret: string) => string>> = {
  "as it is": (secret) => `x${secret}y`,
  "in base64": base64,
  "in base64, after one": (secret) => base64(`a${secret}z`),
  "in base64, after two": (secret) => base64(`ab${secret}zz`),
  "in base64, of a Basic header": (secret) => base64(`client:${String(new URLSearchParams([["", secret]])).slice(1)}`),
  "in base64url": (secret) => Buffer.from(`id:${secret}`).toString("base64url"),
  "in hexadecimal": (secret) => Buffer.from(secret).toString("hex"),
  "percent-encoded": encodeURIComponent,
  "as a URL's path": encodeURI,
  "form-encoded": (secret) => String(new URLSearchParams({ a: "1", b: secret })),
  "in JSON": (secret) => JSON.stringify({ a: { b: [secret] } }),
  "in JSON in JSON": (secret) => JSON.stringify({ a: JSON.stringify({ b: secret }) }),
  "its first 8 characters": (secret) => (secret.startsWith("eyJ") ? secret : `${secret.slice(0, 8)}...`),
  "its last 8 characters": (secret) => `...${secret.slice(-8)}`,
  "the bytes of a Buffer": (secret) => inspect(Buffer.from(secret.slice(-8)))
}

const jwtParts: Readonly<Record<string, (secret: string) => string>> = {
  "its payload": (secret) => secret.split(".")[1]!,
  "its signature": (secret) => secret.split(".")[2]!,
  "its id": (secret) => JSON.parse(Buffer.from(secret.split(".")[1]!, "base64url").toString()).jti as string
}

describe("the search finds a planted secret", () => {
  for (const [name, text] of Object.entries(secrets)) {
    for (const [form, plant] of Object.entries({ ...planted, ...(name === "a JWT" && jwtParts) })) {
      it(`${name}, ${form}`, () => {
        const place = plant(text)
        const hits = Canary.search(
          [{ name, text }],
          [
            ["nothing", "nothing"],
            ["the place", `{"a":${place}}`]
          ]
        )
        assert.isAbove(hits.length, 0)
        for (const hit of hits) {
          assert.strictEqual(hit.secret, name)
          assert.strictEqual(hit.where, "the place")
        }
        // What a failing test would print holds no form of it.
        assert.deepStrictEqual(Canary.search([{ name, text }], [["a hit", JSON.stringify(hits)]]), [])
      })
    }
  }

  it("and none where there is none, and not in what all tokens of a vendor begin with", () => {
    const header = secrets["a JWT"].slice(0, secrets["a JWT"].indexOf("."))
    const other = Jwt.mint({ typ: "JWT", alg: "HS256" }, { iat: 1, jti: Jwt.uuid(), type: "access" })
    const seen = [["a place", `${header}. ${other} ${Canary.password()} ${Canary.token()}`]] as const
    const canaries = Object.entries(secrets).map(([name, text]) => ({ name, text }))
    assert.deepStrictEqual(Canary.search(canaries, seen), [])
  })
})

const text = secrets["an opaque token"]
const failure = new AuthError.AuthError({
  vendor: "Acme",
  reason: new AuthError.MalformedResponse({ paths: [text] })
})

/** Values that hold a secret, each where one way of printing alone might show it. */
const values: Readonly<Record<string, unknown>> = {
  "a text": text,
  "a member": { a: { b: [text] } },
  "a hidden member": Object.defineProperty({}, "hidden", { value: text, enumerable: false }),
  "a member by a symbol": { [Symbol("s")]: text },
  "a Map": new Map([[text, 1]]),
  "a getter": {
    get secret() {
      return text
    }
  },
  "an error's message": new Error(text),
  "an error's cause": new Error("x", { cause: new Error("y", { cause: text }) }),
  "an error of errors": new AggregateError([new Error(text)], "x"),
  "a failure": Exit.fail(failure),
  "a defect": Exit.die({ deep: { text } }),
  "a cause": Cause.die(new Error("x", { cause: text })),
  "a Redacted's label": Redacted.make("x", { label: text }),
  "a Buffer": Buffer.from(text)
}

const plantings: Readonly<Record<string, Effect.Effect<unknown>>> = {
  "a log record's message": Effect.logDebug("x", { text }),
  "a log record's cause": Effect.logError("x", Cause.fail(new Error(text))),
  "a log record's annotations": Effect.annotateLogs(Effect.logTrace("x"), { text }),
  "a log record's spans": Effect.withLogSpan(Effect.logInfo("x"), text),
  "a trace": Effect.withSpan(Effect.void, text),
  "a trace, by an attribute": Effect.withSpan(Effect.void, "x", { attributes: { text } }),
  "a trace, by an event": Effect.withSpan(Effect.log(text), "x"),
  "a trace, by a failure": Effect.ignore(Effect.withSpan(Effect.fail(new Error("x", { cause: text })), "x")),
  "the metric planted, by a label": Metric.update(Metric.withAttributes(Metric.counter("planted"), { text }), 1),
  "the metric planted, by a word": Metric.update(Metric.frequency("planted"), text)
}

describe("the watch sees a planted secret", () => {
  for (const [name, value] of Object.entries(values)) {
    it(`in ${name}`, () => {
      assert.isAbove(Canary.search([{ name: "planted", text }], print(value)).length, 0)
    })
  }

  it("but not in a Redacted", () => {
    assert.deepStrictEqual(Canary.search([{ name: "planted", text }], print({ a: Redacted.make(text) })), [])
  })

  for (const [where, planting] of Object.entries(plantings)) {
    it.effect(`in ${where}`, () =>
      Effect.gen(function* () {
        const watch = makeWatch()
        yield* watch.during(planting)
        const place = where.split(",")[0]!
        const places = (yield* watch.everything).filter(([at]) => at.startsWith(place) || at.startsWith("the metrics"))
        assert.isAbove(Canary.search([{ name: "planted", text }], places).length, 0)
      })
    )
  }

  it.effect("on the console, where Effect's own loggers write", () =>
    Effect.gen(function* () {
      const watch = makeWatch()
      yield* watch.during(Effect.annotateLogs(Effect.logDebug("x"), { text }))
      // Not what the watch's own logger saw first.
      const seen = (yield* watch.everything).filter(([where]) => where.startsWith("the console"))
      assert.isAbove(Canary.search([{ name: "planted", text }], seen).length, 0)
    })
  )
})

describe("a process's memory", () => {
  it.live("is searched for what it holds and not for what the search brings", () =>
    Effect.gen(function* () {
      const folder = yield* Programs.folder
      const path = join(folder, "planted.heapsnapshot")
      const [kept, gone] = [Canary.password(), Canary.token()]
      const program = `
        const un = ({ mask, masked }) => new TextDecoder().decode(
          Buffer.from(masked, "hex").map((byte, at) => byte ^ Buffer.from(mask, "hex")[at]))
        globalThis.kept = [un(${JSON.stringify(mask(kept))}), "Bearer " + un(${JSON.stringify(mask(kept))})]
        un(${JSON.stringify(mask(gone))}); gc(); gc()
        require("node:v8").writeHeapSnapshot(${JSON.stringify(path)})`
      execFileSync(process.execPath, ["--expose-gc", "-e", program])
      const copies = Snapshot.copies(path, [kept, gone])
      assert.isAtLeast(copies(kept), 2)
      assert.strictEqual(copies(gone), 0)
      assert.strictEqual(Redacted.value(unmask(mask(kept))), kept)
    })
  )
})
