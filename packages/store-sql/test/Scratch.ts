// Where tests keep files for a moment.
// Decided here: in memory where there is room, so that a busy disk makes no test slow. Everything syncs as it does on a
// disk, and what is tested are processes that die, not machines. Not here: what is kept.
import { chmodSync, existsSync, mkdtempSync, statfsSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const memory = "/dev/shm"

const hasRoom = (bytes: number): boolean => {
  if (!existsSync(memory)) return false
  const { bavail, bsize } = statfsSync(memory)
  return bavail * bsize > bytes
}

/** Makes a folder that only its owner may open. */
export const folder = (purpose: string): string => {
  const path = mkdtempSync(join(hasRoom(2 ** 30) ? memory : tmpdir(), `vendor-auth-${purpose}-`))
  chmodSync(path, 0o700)
  return path
}
