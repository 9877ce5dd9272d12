// Timers. Arguments: peer, long or exit, name, and the life in ms or the token's URL. Prints one line of JSON. Decided
// here: refreshes of a token that lives long are counted for a second, or to 5000. For the exit the program does its
// work and returns; whether the process ends is for its parent to see.
import * as Endpoint from "./Endpoint.ts"
import { load } from "../peers/index.ts"

const [name = "", what, part = "", given = ""] = process.argv.slice(2)
const peer = await load(name)
if (what === "long") {
  let refreshes = 0
  const warnings = new Set<string>()
  process.on("warning", (warning) => warnings.add(warning.name))
  const begun = performance.now()
  const report = () => {
    console.log(JSON.stringify({ refreshes, inMs: Math.round(performance.now() - begun), warnings: [...warnings] }))
    process.exit(0)
  }
  setTimeout(report, 1000)
  const count = () => {
    if (++refreshes >= 5000) report()
  }
  await peer.longLife![part]!({ ms: Number(given), count })
} else {
  await peer.exit![part]!(Endpoint.environment({ tokenUrl: given, apiUrl: "" }))
  console.log(JSON.stringify({ returned: true }))
}
