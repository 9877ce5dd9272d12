// The part of oidc-provider that the tests use: it brings no types of its own.
declare module "oidc-provider" {
  import type { EventEmitter } from "node:events"
  import type { RequestListener } from "node:http"

  export interface Adapter {
    upsert(id: string, payload: Record<string, unknown>, expiresIn?: number): Promise<void>
    find(id: string): Promise<Record<string, unknown> | undefined>
    findByUid(uid: string): Promise<Record<string, unknown> | undefined>
    findByUserCode(code: string): Promise<Record<string, unknown> | undefined>
    consume(id: string): Promise<void>
    destroy(id: string): Promise<void>
    revokeByGrantId(grantId: string): Promise<void>
  }

  export class Provider extends EventEmitter {
    constructor(issuer: string, configuration: Record<string, unknown>)
    callback(): RequestListener
  }
}
