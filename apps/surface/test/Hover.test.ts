// What an editor shows when somebody points at the main exports: a type that a person can read.
// Decided here: the very words. A longer one is a change for users as a new name is. Not here: what is assignable to
// what (`typetest`). The compiler is this app's TypeScript 6: version 7 has no language service to ask from a program.
import { join } from "node:path"
import ts from "typescript"
import { assert, beforeAll, describe, it } from "vitest"

const program = `
import { AuthError, type AccessToken } from "@vendor-auth/core"
import { ItemPathAuth } from "@vendor-auth/itempath"
import { LogiSenseAuth } from "@vendor-auth/logisense"
import * as Effect from "effect/Effect"
declare const error: AuthError.AuthError
const layer = ItemPathAuth.layer({} as ItemPathAuth.Options)
const layerConfig = ItemPathAuth.layerConfig(ItemPathAuth.config)
const config = ItemPathAuth.config
const httpClient = LogiSenseAuth.httpClient
const service = Effect.flatMap(LogiSenseAuth.LogiSenseAuth, (auth) => auth.token)
const program = Effect.flatMap(LogiSenseAuth.httpClient, (client) => client.get("/Account"))
const provided = Effect.provide(service, {} as typeof logiSense)
const logiSense = LogiSenseAuth.layer({} as LogiSenseAuth.Options)
const tag = error.reason._tag
`

const shown: Readonly<Record<string, string>> = {
  layer: "Layer<ItemPathAuth.ItemPathAuth, AuthError.AuthError, HttpClient>",
  layerConfig: "Layer<ItemPathAuth.ItemPathAuth, AuthError.AuthError | ConfigError, HttpClient>",
  config: "Config<ItemPathAuth.Options>",
  httpClient:
    "Effect.Effect<HttpClient.With<AuthError.AuthError | HttpClientError, never>, never, HttpClient | LogiSenseAuth.LogiSenseAuth>",
  service: "Effect.Effect<AccessToken, AuthError.AuthError, LogiSenseAuth.LogiSenseAuth>",
  program:
    "Effect.Effect<HttpClientResponse, AuthError.AuthError | HttpClientError, HttpClient | LogiSenseAuth.LogiSenseAuth>",
  provided: "Effect.Effect<AccessToken, AuthError.AuthError, HttpClient>",
  logiSense: "Layer<LogiSenseAuth.LogiSenseAuth, AuthError.AuthError, HttpClient>"
}

const file = join(import.meta.dirname, "Hovered.ts")
let service: ts.LanguageService

beforeAll(() => {
  const { config } = ts.readConfigFile(join(import.meta.dirname, "../tsconfig.json"), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(import.meta.dirname, ".."))
  const isOurs = (path: string) => path === file
  service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (path) => {
      const text = isOurs(path) ? program : ts.sys.readFile(path)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => import.meta.dirname,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => isOurs(path) || ts.sys.fileExists(path),
    readFile: (path) => (isOurs(path) ? program : ts.sys.readFile(path)),
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
    realpath: ts.sys.realpath!
  })
})

describe("an editor shows", () => {
  it.each(Object.entries(shown))("%s as %s", { timeout: 60_000 }, (name, type) => {
    const at = program.indexOf(`const ${name} =`) + "const ".length
    const { displayParts } = service.getQuickInfoAtPosition(file, at)!
    assert.strictEqual(ts.displayPartsToString(displayParts), `const ${name}: ${type}`)
  })

  it("nothing of these programs as a fault", { timeout: 60_000 }, () => {
    const faults = service
      .getSemanticDiagnostics(file)
      .filter(({ category }) => category === ts.DiagnosticCategory.Error)
    assert.deepStrictEqual(
      faults
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))
        .filter((text) => !/never read|never used/.test(text)),
      []
    )
  })
})
