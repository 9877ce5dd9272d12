/**
 * Which option a refused request speaks of, by the server's word for it.
 *
 * Decided here: the options that RFC 6749 section 5.2 and RFC 8707 mean by their words, so that an error's message
 * names what to look at. Not here: which word means what for the session (core), and how it is sent (`OAuth2Auth`).
 */
import * as AuthError from "@vendor-auth/core/AuthError"
import * as Issuer from "@vendor-auth/core/Issuer"

const options: Readonly<Record<string, string>> = {
  invalid_request: "`extraParams` and `grant`",
  invalid_client: "`client`",
  invalid_scope: "`scope`",
  insufficient_scope: "`scope`",
  invalid_target: "`resource` and `audience`",
  unauthorized_client: "what this client may do with `grant`",
  unsupported_grant_type: "`grant`"
}

/** The same failure, with the option's name where the server's word speaks of one. */
export const named = (failure: Issuer.ExchangeFailure): Issuer.ExchangeFailure => {
  const { outcome, reason } = failure
  if (reason._tag !== "RequestRefused") return failure
  const option = options[reason.code ?? ""]
  if (option === undefined) return failure
  const hint = `or ${option}`
  return new Issuer.ExchangeFailure({ outcome, reason: new AuthError.RequestRefused({ ...reason, hint }) })
}
