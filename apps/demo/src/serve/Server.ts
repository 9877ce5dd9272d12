/**
 * The page's server: its files, the news as server-sent events, and the buttons.
 *
 * Decided here: the addresses, and what a reader is sent: what is kept the first time and after a gap, else what is
 * after his last entry. A reader who is slow or comes back finds his place by it. Not here: what is told (`Watch`),
 * what a button does (`Buttons`, `Real`), who is answered at all (`Guard`).
 */
import { Clock, Effect, Layer, Random, Schema, Stream } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Guard from "./Guard.ts"
import type * as News from "./News.ts"
import type { Seat } from "./Seat.ts"
import type { Watch } from "./Watch.ts"

const folder = join(import.meta.dirname, "../../page")

const script = "text/javascript; charset=utf-8"

/** The page's own modules. */
const modules = ["Main", "Reader", "Known", "Page", "Card", "Timeline", "Marks", "Panel", "Words"]

const files: ReadonlyArray<readonly [path: HttpRouter.PathInput, file: string, type: string]> = [
  ["/", join(folder, "index.html"), "text/html; charset=utf-8"],
  ["/page/page.css", join(folder, "page.css"), "text/css; charset=utf-8"],
  ["/page/icon.svg", join(folder, "icon.svg"), "image/svg+xml"],
  ...modules.map((name) => [`/page/${name}.js`, join(folder, `${name}.js`), script] as const),
  // The page names lit-html by the path that it has on the disk, and so does the server. Not resolved: on a server, the
  // build for servers would be found.
  ["/node_modules/lit-html/lit-html.js", join(folder, "../node_modules/lit-html/lit-html.js"), script]
]

const Pressed = Schema.Struct({ vendor: Schema.String, action: Schema.String, on: Schema.Boolean })

/** The routes over these vendors. */
export const routes = Effect.fnUntraced(function* (mode: News.News["mode"], seats: ReadonlyArray<Seat>, watch: Watch) {
  const clock = yield* Clock.Clock
  /** Tells this server from the one before it, whose entries' numbers mean nothing here. */
  const boot = `${clock.currentTimeMillisUnsafe()}${yield* Random.nextIntBetween(1_000, 10_000)}`

  /** What a reader is told who has all up to this entry; he who has nothing, or too little, gets everything. */
  const news = (seq: number | undefined): string => {
    const missed = seq === undefined ? undefined : watch.history.after(seq)
    const told: News.News = {
      at: watch.at(),
      mode,
      seats: missed === undefined ? seats.map((seat) => seat.told) : undefined,
      entries: missed ?? watch.history.all(),
      now: watch.now().filter(({ id }) => seats.some(({ told }) => told.id === id && told.absence === undefined))
    }
    return `id: ${boot}-${watch.history.last()}\ndata: ${JSON.stringify(told)}\n\n`
  }

  const events = Effect.map(HttpServerRequest.HttpServerRequest, (request) => {
    const [known, last] = (request.headers["last-event-id"] ?? "").split("-")
    let seq = known === boot && /^\d{1,15}$/.test(last ?? "") ? Number(last) : undefined
    const encoder = new TextEncoder()
    const told = Stream.concat(Stream.succeed(undefined), watch.moved).pipe(
      Stream.map(() => {
        const text = news(seq)
        seq = watch.history.last()
        return encoder.encode(text)
      })
    )
    // A server that is back within a second is found within two.
    const begin = encoder.encode("retry: 1000\n\n")
    return HttpServerResponse.stream(Stream.concat(Stream.succeed(begin), told), { contentType: "text/event-stream" })
  })

  const press = Effect.gen(function* () {
    const request = yield* HttpServerRequest.HttpServerRequest
    const pressed = yield* Effect.option(
      Effect.flatMap(request.text, Schema.decodeUnknownEffect(Schema.fromJsonString(Pressed)))
    )
    if (pressed._tag === "None") return HttpServerResponse.empty({ status: 400 })
    const { action, on, vendor } = pressed.value
    const act = seats.find(({ told }) => told.id === vendor)?.presses.get(action)
    if (act === undefined) return HttpServerResponse.empty({ status: 404 })
    yield* act(on)
    return HttpServerResponse.empty({ status: 204 })
  })

  const pages = files.map(([path, file, contentType]) =>
    // Read each time: whoever changes the page reloads it.
    HttpRouter.route(
      "GET",
      path,
      Effect.sync(() => HttpServerResponse.text(readFileSync(file, "utf8"), { contentType }))
    )
  )
  return Layer.mergeAll(
    HttpRouter.addAll(pages),
    HttpRouter.add("GET", "/events", events),
    HttpRouter.add("POST", "/press", press),
    HttpRouter.add("*", "*", HttpServerResponse.empty({ status: 404 }))
  ).pipe(Layer.provide(Guard.layer))
})
