/**
 * Wrong versions of what goes over the wire: token requests and their answers.
 *
 * Decided here: which faults of sending, bounding, judging and keeping secret the tests must notice. Not here:
 * what follows from an outcome (`Lifecycle`, `Protocol`), and what is one vendor's own (`Vendors`).
 */
import type { Sabotage } from "../Sabotage.ts"

const endpointFile = "packages/core/src/TokenEndpoint.ts"
const onceFile = "packages/core/src/SendOnce.ts"
const flightFile = "packages/core/src/Flight.ts"
const issuerFile = "packages/core/src/Issuer.ts"

const core = (...names: ReadonlyArray<string>) => names.map((name) => `packages/core/test/${name}.test.ts`)
const testing = (...names: ReadonlyArray<string>) => names.map((name) => `packages/testing/test/${name}.test.ts`)
const secrets = ["apps/house/test/Secrets.test.ts"]

export const tokenRequests: ReadonlyArray<Sabotage> = [
  {
    title: "a redirect of the token endpoint is followed by fetch",
    file: onceFile,
    find: `{ ...appInit, redirect: "manual" }`,
    replace: "{ ...appInit }",
    tests: testing("TokenEndpointClients")
  },
  {
    title: "a token request is repeated by a retrying client",
    file: onceFile,
    find: "if (hasLeft) throw new SentAgain",
    replace: "if (hasLeft && leaving.url !== request.url) throw new SentAgain",
    tests: testing("TokenEndpointClients")
  },
  {
    title: "a token request goes where a redirect inside the app's client leads",
    file: onceFile,
    find: "if (hasLeft) throw new SentAgain",
    replace: "if (hasLeft && leaving.url === request.url) throw new SentAgain",
    tests: testing("TokenEndpointClients")
  },
  {
    title: "the app's fetch loses its own settings",
    file: onceFile,
    find: `{ ...appInit, redirect: "manual" }`,
    replace: `{ redirect: "manual" }`,
    tests: testing("TokenEndpointClients")
  },
  {
    title: "trace headers go along with token requests",
    file: onceFile,
    find: "Effect.provideService(HttpClient.TracerPropagationEnabled, false)",
    replace: "Effect.provideService(HttpClient.TracerPropagationEnabled, true)",
    tests: testing("TokenEndpointClients")
  },
  {
    title: "a trace shows the headers of a token request",
    file: onceFile,
    find: "Effect.provideService(HttpClient.TracerHeaderFilter, () => false)",
    replace: "Effect.provideService(HttpClient.TracerHeaderFilter, () => true)",
    tests: secrets
  },
  {
    title: "the limit of a token answer's body is dropped",
    file: endpointFile,
    find: "if (length > longestBody) return",
    replace: "if (length < 0) return",
    tests: testing("TokenEndpointTransport")
  },
  {
    title: "a client's cause is attached to the error",
    file: endpointFile,
    find: "Effect.mapError(transportFailure),",
    replace:
      "Effect.mapError((error) => {\n" +
      "        const failed = transportFailure(error)\n" +
      `        Object.defineProperty(failed.reason, "cause", { value: error })\n` +
      "        return failed\n" +
      "      }),",
    tests: [...testing("TokenEndpoint", "TokenEndpointCauses"), ...secrets]
  },
  {
    title: "a token that no header can carry stands plain in the error",
    file: issuerFile,
    find: "paths.push(accessField)",
    replace: `paths.push(typeof accessValue === "string" ? accessValue : accessField)`,
    tests: core("Issuer")
  },
  {
    title: "whatever a server calls its error is kept as the error's code",
    file: endpointFile,
    find: "[deadTokenWords, requestWords, credentialWords].some((words) => words.has(word))",
    replace: `word !== ""`,
    tests: [...testing("TokenEndpoint"), ...secrets]
  },
  {
    title: "a lost connection passes for a request that was not sent",
    file: endpointFile,
    find: "codes(error.reason.cause).some(isNotSent)",
    replace: "codes(error.reason.cause).every((code) => code !== String(isNotSent))",
    tests: testing("TokenEndpointTransport")
  },
  {
    title: "HTML with a 200 is judged as answered and not as unknown",
    file: endpointFile,
    find: `(reason) => failure("Unknown", reason)`,
    replace: `(reason) => failure("Answered", reason)`,
    tests: testing("TokenEndpoint")
  },
  {
    title: "a 200 that says error passes for a token answer",
    file: endpointFile,
    find: `typeof body["error"] === "string" && body["error"] !== ""`,
    replace: `body["error"] === "(never)"`,
    tests: testing("TokenEndpoint")
  },
  {
    title: "a 502 is judged as answered",
    file: endpointFile,
    find: "status === 408 || status === 502 || status === 504",
    replace: "status === 408 || status === 504",
    tests: testing("TokenEndpoint")
  },
  {
    title: "a 500 spends the refresh token",
    file: endpointFile,
    find: `if (status >= 500) return failure("Answered", new AuthError.Unreachable({ outcome: "Answered", status }))`,
    replace: "if (status >= 500) return unknown(status)",
    tests: ["packages/lrs-connect/test/LrsConnectAuth.test.ts"]
  },
  {
    title: "any 4xx kills the refresh token",
    file: endpointFile,
    find: "? word !== undefined && deadTokenWords.has(word)",
    replace: "? status > 0",
    tests: testing("TokenEndpoint")
  },
  {
    title: "a login that is refused with 400 is tried again",
    file: endpointFile,
    find: "? status === 400 || status === 401 || status === 403",
    replace: "? status === 401 || status === 403",
    tests: testing("TokenEndpoint")
  },
  {
    title: "a token with a line break is accepted",
    file: "packages/core/src/Secret.ts",
    find: String.raw`/^[\x21-\x7e]+$/.test(value)`,
    replace: `value !== ""`,
    tests: core("Issuer")
  },
  {
    title: "a life of nothing is accepted",
    file: issuerFile,
    find: "if (stated !== undefined && !(stated >= 1_000)) paths.push(lifeField)",
    replace: "if (Number.isNaN(stated)) paths.push(lifeField)",
    tests: core("Issuer")
  },
  {
    title: "a JWT's own shorter life is not looked at",
    file: issuerFile,
    find: "own ?? stated ?? Duration.toMillis(answer.defaultLife), stated ?? Infinity",
    replace: "stated ?? own ?? Duration.toMillis(answer.defaultLife), Infinity",
    tests: core("Issuer")
  },
  {
    title: "http is allowed to foreign hosts",
    file: "packages/core/src/Options.ts",
    find: `if (protocol === "http:" && !isLoopback(hostname))`,
    replace: `if (protocol === "http:" && !isLoopback(hostname) && hostname === "")`,
    tests: core("Options")
  },
  {
    title: "a host whose name only begins like this machine's passes for it",
    file: "packages/core/src/Options.ts",
    find: `hostname === "localhost"`,
    replace: `hostname.startsWith("localhost")`,
    tests: core("Options")
  },
  {
    title: "a flight's deadline is a hundred times later than its policy says",
    file: flightFile,
    find: "const duration = Math.max(0, timeout)",
    replace: "const duration = Math.max(0, timeout) * 100",
    tests: testing("guarantees/Transport")
  },
  {
    title: "a connection that was reset passes for a request that was not sent",
    file: endpointFile,
    find: `  "ECONNREFUSED",\n`,
    replace: `  "ECONNREFUSED",\n  "ECONNRESET",\n  "UND_ERR_SOCKET",\n`,
    tests: testing("wire/TransportFaults")
  },
  {
    title: "a connection that never stood leaves the outcome unknown",
    file: endpointFile,
    find: `  "UND_ERR_CONNECT_TIMEOUT",\n`,
    replace: "",
    tests: testing("wire/TransportFaults")
  },
  {
    title: "a request that was not sent spends its refresh token",
    file: flightFile,
    find: `const isSpent = outcome === "Unknown" ||`,
    replace: `const isSpent = outcome === "Unknown" || outcome === "NotSent" ||`,
    tests: testing("wire/Resends", "guarantees/TransportUnknown")
  },
  {
    title: "an unknown outcome ends in an error though there is time for a login",
    file: flightFile,
    find: "left < policy.timeout / 2)",
    replace: "left < policy.timeout * 2)",
    tests: testing("guarantees/TransportUnknown")
  },
  {
    title: "a long Retry-After is cut to ten minutes",
    file: "packages/core/src/RefreshPolicy.ts",
    find: "Duration.min(input.reason.retryAfter, Duration.hours(1))",
    replace: "Duration.min(input.reason.retryAfter, Duration.minutes(10))",
    tests: testing("guarantees/Transport")
  },
  {
    title: "a body is read on, however long it is",
    file: endpointFile,
    find: "if (length > longestBody) return",
    replace: "if (length === 67_108_864) return",
    tests: testing("wire/Bodies")
  },
  {
    title: "the body of an error answer is left unread, and its connection open",
    file: endpointFile,
    find: "  const chunks: Array<Uint8Array> = []\n",
    replace:
      "  if (status >= 400) return { status, body: noMembers, fault: undefined, retryAfter: undefined }\n" +
      "  const chunks: Array<Uint8Array> = []\n",
    tests: testing("wire/Sockets")
  }
]
