/**
 * What tells one account of an OAuth 2.0 server from every other one: the session's name in a store.
 *
 * Decided here: that everything a token request says, but for its secrets, is a part of the name, so that tokens of
 * different scopes, audiences, resources or further parameters are never taken for each other. The API's address is
 * none of it: what one refresh token gives may be sent to several. Not here: how secrets tell two versions of one
 * account's credentials apart (core).
 */
import type { Checked } from "./Options.ts"

/** The parts of an account's name. Two accounts that ask for different things differ in one of them. */
export const account = ({ client, common, grant, scope, server }: Checked): ReadonlyArray<string> => [
  server.issuer === undefined ? "tokenEndpoint" : "issuer",
  server.issuer ?? server.tokenEndpoint,
  client.id,
  grant.type,
  grant.type === "password" ? grant.username : "",
  JSON.stringify(
    Object.entries({ ...common, ...scope })
      .filter(([, value]) => value !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
  )
]
