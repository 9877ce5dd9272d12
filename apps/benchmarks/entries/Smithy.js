// The least program that does the task with this library: its size and its import are measured.
import { doesIdentityRequireRefresh, isIdentityExpired, memoizeIdentityProvider } from "@smithy/core"
const provide = memoizeIdentityProvider(
  async () => ({ token: "t", expiration: new Date() }),
  isIdentityExpired,
  doesIdentityRequireRefresh
)
export const authedFetch = async (url) =>
  fetch(url, { headers: { authorization: "Bearer " + (await provide()).token } })
