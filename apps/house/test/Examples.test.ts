// Every example of the READMEs, the guides and the docstrings, run. That they compile is a rule of `House.test.ts`.
// Decided here what "run" means. An example is imported as a module of its own. Specs and suites in it are run. Each
// effect at its top level is run, with the layers that it defines beside it and, for what those leave open, with the
// simulated world of `World.ts`; a response that it ends in has status 200. Each layer at its top level is built. One
// that calls `runMain` is run as a process, against simulators on loopback. A function is left to whoever calls it. An
// example that asks for PostgreSQL is built where DATABASE_URL names one, and only imported where not, which is said.
import { AuthService } from "@vendor-auth/core"
import { TestAuth } from "@vendor-auth/testing"
import { Context, Effect, Layer, Logger } from "effect"
import { HttpClientResponse } from "effect/http"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { connect } from "node:net"
import { text } from "node:stream/consumers"
import { afterAll, assert, describe, it } from "vitest"
import * as Fences from "./Fences.ts"
import * as NoNetwork from "./NoNetwork.ts"
import * as World from "./World.ts"

type Any = Layer.Layer<any, any, any>

const nothing = Layer.empty as unknown as Any

const examples = Fences.modules(Fences.ofTree())

/** How many were run of each kind, so that none can be lost without a word. */
const ran = { specs: 0, effects: 0, layers: 0, processes: 0 }

const isTag = (value: unknown): value is Context.Key<any, AuthService.Shape> =>
  Context.isKey(value) && typeof value === "function"

/** What examples log is nobody's news. */
const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.provide(effect, Logger.layer([]))

/** An effect over the fence's own layers, over tags that have none, over the world. */
const inWorld = <A>(effect: Effect.Effect<A, unknown, any>, own: ReadonlyArray<Any>, tags: ReadonlyArray<any>) =>
  Effect.gen(function* () {
    const world = yield* World.make
    const swapped = tags.map((tag) => TestAuth.layer(tag))
    const around = [...swapped, ...own].reduce((all, layer) => Layer.merge(all, layer), nothing)
    const result = yield* effect.pipe(
      Effect.provide(around),
      Effect.provide(world.given),
      Effect.timeout("10 seconds"),
      quietly
    )
    assert.deepStrictEqual(yield* world.faults, [])
    return result
  }).pipe(Effect.scoped, (run) => Effect.runPromise(run as Effect.Effect<A, unknown>))

it("no example can reach a host but this one", () => {
  for (const host of ["localhost", "127.0.0.1", "::1", undefined]) assert.isTrue(NoNetwork.isHere(host))
  assert.throws(() => connect({ host: "example.com", port: 443 }), /not run against the network: example.com/)
  assert.throws(() => connect(443, "localhost.example.com"), /not run against the network/)
})

describe("every example runs", () => {
  for (const { fence, file } of examples) {
    const place = `${fence.path}:${fence.line}`

    if (/\brunMain\(/.test(fence.code)) {
      it(`${place}, as a process`, async () => {
        ran.processes++
        const { code, faults, output } = await Effect.runPromise(
          Effect.gen(function* () {
            const world = yield* World.make
            const environment = { PATH: process.env["PATH"], ...(yield* world.serve) }
            const done = yield* Effect.promise(() => run(file, environment))
            return { ...done, faults: yield* world.faults }
          }).pipe(Effect.scoped)
        )
        assert.deepStrictEqual([code, faults], [0, []], output)
        assert.match(output, /\b200\b/)
      })
      continue
    }

    describe(place, async () => {
      const before = Fences.specs(fence)
      ran.specs += before
      const module: Record<string, unknown> = await import(/* @vite-ignore */ file).catch((cause: unknown) => {
        it("is imported", () => Promise.reject(cause))
        return {}
      })
      const isBuilt = !fence.code.includes("@effect/sql-pg") || process.env["DATABASE_URL"] !== undefined
      const all = Object.entries(module)
      const layers = isBuilt ? all.filter((entry): entry is [string, Any] => Layer.isLayer(entry[1])) : []
      const effects = all.filter((entry): entry is [string, Effect.Effect<unknown>] => isProgram(entry[1]))
      const tags = all.flatMap(([, value]) => (isTag(value) ? [value] : []))

      for (const [name, effect] of effects) {
        it(`${name} runs`, async () => {
          ran.effects++
          const result = await inWorld(
            effect,
            layers.map(([, layer]) => layer),
            tags
          )
          if (isResponse(result)) assert.strictEqual(result.status, 200)
        })
      }
      for (const [name, layer] of layers) {
        it(`${name} is built`, async () => {
          ran.layers++
          await inWorld(Effect.scoped(Layer.build(layer)), [], [])
        })
      }
      if (layers.length + effects.length + before === 0) {
        it(isBuilt ? "is imported" : "is imported, and not built: DATABASE_URL names no PostgreSQL", () => {
          assert.isNotEmpty(Object.keys(module))
        })
      }
    })
  }
})

afterAll(() => {
  for (const [kind, count] of Object.entries(ran)) assert.isAbove(count, 0, `no example was run as one of the ${kind}`)
})

const isResponse = (value: unknown): value is HttpClientResponse.HttpClientResponse =>
  typeof value === "object" && value !== null && HttpClientResponse.TypeId in value

/** A layer, a tag and a `Config` are effects of a kind too, and are not programs. */
function isProgram(value: unknown): boolean {
  return Effect.isEffect(value) && !Layer.isLayer(value) && !Context.isKey(value)
}

async function run(file: string, environment: Record<string, string | undefined>) {
  const child = spawn(process.execPath, ["--import", `${import.meta.dirname}/NoNetwork.ts`, file], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"]
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")])
  return { code: code as number, output: stdout + stderr }
}
