// The least program that does the task with this library: its size and its import are measured.
import axios, { create } from "axios"
import { createAuthRefresh } from "axios-auth-refresh"
const i = create()
let token
i.interceptors.request.use((c) => {
  c.headers.Authorization = "Bearer " + token
  return c
})
createAuthRefresh(i, async () => {
  token = (await axios.post("http://127.0.0.1/token")).data.access_token
})
export const get = (url) => i.get(url)
