// The least program that does the task with this library: its size and its import are measured.
import { OAuth2Client } from "google-auth-library"
const c = new OAuth2Client({ clientId: "id", clientSecret: "secret" })
export const get = () => c.getAccessToken()
export const request = (url) => c.request({ url })
