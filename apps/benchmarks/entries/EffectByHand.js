// A token manager by hand on Effect's Ref and Deferred: its size and its import are measured.
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

const state = Ref.makeUnsafe({ token: undefined, pending: undefined })
const acquire = Effect.tryPromise(() => fetch("http://127.0.0.1/token", { method: "POST" }).then((r) => r.json()))
const start = (d) => Effect.forkDetach(Effect.onExit(acquire, (exit) => Deferred.done(d, exit)))

export const get = Effect.flatMap(Clock.currentTimeMillis, (now) =>
  Effect.flatMap(Deferred.make(), (d) =>
    Effect.flatMap(
      Ref.modify(state, (s) =>
        s.token && s.token.at > now
          ? [Effect.succeed(s.token.v), s]
          : s.pending
            ? [Deferred.await(s.pending), s]
            : [Effect.andThen(start(d), Deferred.await(d)), { ...s, pending: d }]
      ),
      (next) => next
    )
  )
)
export const run = () => Effect.runPromise(get)
