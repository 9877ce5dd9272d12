// A spec as an application writes one: its program calls a vendor, the vendor is swapped, and there is no network.
import { AuthError } from "@vendor-auth/core"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import { TestAuth } from "@vendor-auth/testing"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import assert from "node:assert/strict"
import { test } from "node:test"
import { reasonOf, run } from "./Run.mjs"

const countAccounts = Effect.gen(function* () {
  const client = yield* LogiSenseAuth.httpClient
  const response = yield* client.get("/Account")
  return (yield* response.json).totalCount
})

const bearers = []
const api = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make((request) => {
    bearers.push(request.headers.authorization)
    return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ totalCount: 3 })))
  })
)

test("TestAuth stands in for a vendor, and its controls take the vendor's tag", async () => {
  const tag = LogiSenseAuth.LogiSenseAuth
  await run(
    TestAuth.layer(tag),
    function* () {
      assert.equal(yield* countAccounts, 3)
      assert.equal(yield* countAccounts, 3)
      assert.deepEqual(yield* TestAuth.exchanges(tag), ["login"])
      assert.match(bearers[0], /^Bearer ./)
      assert.equal(bearers[1], bearers[0])

      yield* TestAuth.expire(tag)
      assert.equal(yield* countAccounts, 3)
      assert.deepEqual(yield* TestAuth.exchanges(tag), ["login", "refresh"])
      assert.notEqual(bearers[2], bearers[0])

      yield* TestAuth.expire(tag)
      yield* TestAuth.failNext(tag, new AuthError.InvalidCredentials({}))
      assert.equal((yield* reasonOf(countAccounts))._tag, "InvalidCredentials")
    },
    api
  )
})
