// The least program that does the task with this library: its size and its import are measured.
let token, pending
const refresh = () =>
  (pending ??= fetch("http://127.0.0.1/token", { method: "POST" })
    .then((r) => r.json())
    .then((t) => (token = { v: t.access_token, at: Date.now() + t.expires_in * 1000 }))
    .finally(() => {
      pending = undefined
    }))
export const get = async () => (token && token.at - 30000 > Date.now() ? token.v : (await refresh()).v)
export const authedFetch = async (url) => fetch(url, { headers: { authorization: "Bearer " + (await get()) } })
