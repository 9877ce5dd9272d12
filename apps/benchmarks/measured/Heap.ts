// What is on the heap, and what an operation puts there. The measured processes run with --expose-gc.
// Decided here: bytes per operation count only where no collection ran meanwhile, so the caller runs with a large young
// generation. Not here: what is done so many times.
import { PerformanceObserver } from "node:perf_hooks"

/** Collects until nothing more goes. */
export const settle = async (): Promise<void> => {
  for (let i = 0; i < 4; i++) {
    globalThis.gc!()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

export const used = (): number => process.memoryUsage().heapUsed

/** Bytes that so many operations put on the heap; undefined where a collection ran. */
export const allocatedBy = async (run: () => Promise<unknown>): Promise<number | undefined> => {
  await settle()
  let collections = 0
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length
  })
  observer.observe({ entryTypes: ["gc"] })
  const before = used()
  await run()
  const after = used()
  await new Promise((resolve) => setImmediate(resolve))
  await new Promise((resolve) => setImmediate(resolve))
  observer.disconnect()
  return collections === 0 ? after - before : undefined
}
