// All that core with one vendor exports, for the size of our own code: `effect` is left outside.
export * from "@vendor-auth/logisense"
