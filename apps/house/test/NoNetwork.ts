// Whoever imports this can reach this machine alone: a connection to any other host is a defect that names the host.
// Decided here: that sockets are stopped, under every client there is, before a name is looked up. Not here: what
// answers in the network's place (`World`).
import { Socket } from "node:net"

/** Whether a host is this machine: by a name or an address of its own, or by a path in its file system. */
export const isHere = (host: unknown): boolean => typeof host !== "string" || /^(localhost$|127\.|::1$|\/)/.test(host)

const connect = Socket.prototype.connect

Socket.prototype.connect = function (this: Socket, ...args: Array<any>) {
  // node:net hands itself its arguments as one list.
  const [given, second] = Array.isArray(args[0]) ? args[0] : args
  const host = typeof given === "object" ? (given.host ?? given.path ?? "localhost") : second
  if (!isHere(host)) throw new Error(`An example is not run against the network: ${host}`)
  return connect.apply(this, args as never)
} as typeof connect
