// The least program that does the task with this library: its size and its import are measured.
import { OAuth2Client, OAuth2Fetch } from "@badgateway/oauth2-client"
const client = new OAuth2Client({ server: "http://127.0.0.1", clientId: "id", clientSecret: "s" })
const f = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials() })
export const authedFetch = (url) => f.fetch(url)
