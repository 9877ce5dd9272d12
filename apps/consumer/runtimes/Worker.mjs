// The smoke program as a worker: each request runs it against vendors in the same process.
// Decided here: that `fetch` is answered in process, as a worker has no server to call. Not here: what is tried (`Smoke`).
import { makeVendors, smoke } from "./Smoke.mjs"

export default {
  fetch: async () => {
    const vendors = makeVendors()
    const inProcess = (input, init) => vendors.handle(new Request(input, init))
    try {
      return new Response(`ok: ${await smoke("https://vendors.test", vendors, inProcess)}\n`)
    } catch (error) {
      return new Response(`${error?.stack ?? error}\n`, { status: 500 })
    }
  }
}
