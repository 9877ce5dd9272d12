// Every peer by name, loaded when it is asked for, so that a measured process imports only the one it measures.
// Decided here: the order of the tables' rows, the floor first and ours last. Not here: what a peer shows (`Peer`).
// A peer is a line here and a file of its own.
import type { Peer } from "./Peer.ts"

const modules: Record<string, () => Promise<{ readonly peer: Peer }>> = {
  floor: () => import("./Floor.ts"),
  google: () => import("./Google.ts"),
  azure: () => import("./Azure.ts"),
  smithy: () => import("./Smithy.ts"),
  badgateway: () => import("./Badgateway.ts"),
  "simple-oauth2": () => import("./SimpleOAuth2.ts"),
  "openid-client": () => import("./OpenidClient.ts"),
  axios: () => import("./Axios.ts"),
  effect: () => import("./EffectByHand.ts"),
  "vendor-auth": () => import("./VendorAuth.ts")
}

export const names: ReadonlyArray<string> = Object.keys(modules)

export const load = async (name: string): Promise<Peer> => {
  const module = modules[name]
  if (module === undefined) throw new Error(`no peer is called ${name}: ${names.join(", ")}`)
  return (await module()).peer
}
