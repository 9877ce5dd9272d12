/**
 * The resource server of a simulated LogiSense: the accounts, in the envelopes its API answers with.
 * Decided here: which bearer it takes and how it words a refusal. Not decided here: how tokens come about
 * (LogiSenseSimulator.ts). Inferred: the 401's body (the ASP.NET default), and that a validation error is a 400;
 * the envelopes are those of https://developer.logisense.com/docs/api-logging.
 */
import * as Jwt from "@vendor-auth/testing/Jwt"
import * as Simulator from "@vendor-auth/testing/Simulator"

const accounts = [
  { id: 1, name: "First Account" },
  { id: 2, name: "Second Account" }
]

const denied = (): Response =>
  Response.json({ message: "Authorization has been denied for this request." }, { status: 401 })

const missing = (): Response =>
  Response.json({ message: "No HTTP resource was found that matches the request URI." }, { status: 404 })

const create = (incoming: Simulator.Incoming): Response => {
  const trackingId = Jwt.uuid()
  const name = Simulator.jsonObject(incoming)?.["name"]
  if (typeof name !== "string" || name === "") {
    const errors = [{ code: 11900000, message: "The account's name is required." }]
    return Response.json({ trackingId, type: "create", errors }, { status: 400 })
  }
  const items = [{ identity: 3, action: "create", dtoTypeKey: "Account", instance: { id: 3, name } }]
  return Response.json({ trackingId, type: "create", results: { totalCount: 1, items } }, { status: 201 })
}

/** Answers a request to the resource server: a path it does not have is 404, a token it does not take is 401. */
export const resource = (incoming: Simulator.Incoming, desk: Simulator.Desk): Response => {
  const { headers, method, now, path } = incoming
  const [collection, id, more] = path.split("/").slice(4)
  if (collection !== "Account" || more !== undefined) return missing()
  const bearer = /^Bearer (\S+)$/i.exec(headers.get("authorization") ?? "")?.[1]
  if (bearer === undefined) return denied()
  const standing = desk.issued.standing(bearer, "access", now)
  if (standing === "wrongKind" || standing === "spent") desk.violate("a refresh token on an API request")
  if (standing !== "live") return denied()
  if (method === "POST" && id === undefined) return create(incoming)
  if (method !== "GET") return Response.json({ message: "The method is not supported." }, { status: 405 })
  if (id === undefined) {
    return Response.json({ trackingId: Jwt.uuid(), totalCount: accounts.length, items: accounts })
  }
  const instance = accounts.find((account) => String(account.id) === id)
  return instance === undefined ? missing() : Response.json({ trackingId: Jwt.uuid(), instance })
}
