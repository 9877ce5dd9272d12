// The rules of the shared record, each with the switches of the Promela model that take it out.
//
// Decided here: the rules in words, what is run with every rule in force, and which promise each switch has to break.
// Not here: the model (`Session.pml`, `Flight.pml`), and how it is run (`model.ts`).

/** A run with every rule in force: nothing may be broken. */
export interface Whole {
  readonly name: string
  readonly defines: ReadonlyArray<string>
  /** Checks P6 as a formula, with weak fairness, and not as "nothing can happen any more". */
  readonly isLive?: boolean
  /** Only with NIGHTLY set: it takes many minutes. */
  readonly isNightly?: boolean
}

export const wholes: ReadonlyArray<Whole> = [
  { name: "two processes, good credentials, two faults", defines: ["F=2"] },
  { name: "a password that is wrong, two faults", defines: ["F=2", "GOOD=2"] },
  { name: "a password that is wrong, three faults, one call each", defines: ["F=3", "CALLS=1", "GOOD=2"] },
  { name: "at most one open login, two faults", defines: ["F=2", "GOOD=2", "K=1", "MOST=1"] },
  { name: "a rolling deploy with two passwords, two faults", defines: ["F=2", "CFG1=2"] },
  { name: "a process without credentials, two faults", defines: ["F=2", "CFG1=0"] },
  { name: "work that nobody waits for, two faults", defines: ["F=2", "BG"] },
  { name: "one call each, three faults", defines: ["F=3", "CALLS=1"] },
  { name: "every caller is answered (fair schedules), one fault", defines: ["F=1"], isLive: true },
  { name: "two calls each, three faults", defines: ["F=3", "EXPIRIES=1"], isNightly: true },
  { name: "every caller is answered (fair schedules), two faults", defines: ["F=2"], isLive: true, isNightly: true }
]

export interface Switch {
  /** What is left out or done wrong. */
  readonly name: string
  readonly defines: ReadonlyArray<string>
  readonly promise: number
}

export interface Rule {
  readonly rule: string
  readonly switches: ReadonlyArray<Switch>
}

const wrong = ["F=2", "GOOD=2"]

export const rules: ReadonlyArray<Rule> = [
  {
    rule: "1 every write moves the version, every step compares it, generations never restart",
    switches: [
      { name: "compares nothing", defines: ["NOCAS", "F=1"], promise: 1 },
      { name: "compares generation and intent", defines: ["ABA", "F=1"], promise: 1 },
      { name: "a sign-out deletes the record", defines: ["SODELETE", "F=1"], promise: 3 }
    ]
  },
  {
    rule: "2 a login gives up the refresh token, and no release brings it back",
    switches: [
      { name: "begin keeps it", defines: ["KEEPRT", "F=2"], promise: 1 },
      { name: "release brings it back", defines: ["RELRT", "F=2"], promise: 1 }
    ]
  },
  {
    rule: "3 a sign-out is one write that clears the intents, and sends nothing",
    switches: [
      { name: "leaves the intent", defines: ["SOINTENT", "F=2"], promise: 4 },
      {
        name: "leaves the last intent: a commit that is tried again is told yes",
        defines: ["KEEPLAST", "F=2"],
        promise: 4
      },
      { name: "revokes the refresh token at the vendor", defines: ["SOREVOKE", "F=1"], promise: 1 }
    ]
  },
  {
    rule: "4 nothing at or below a sign-out is adopted, and a flight begun before it does not log in",
    switches: [
      { name: "hands out what it committed, whoever signed out", defines: ["NOFLOOR", "HANDOUT", "F=2"], promise: 4 },
      { name: "logs in all the same", defines: ["NOEPOCH", "F=1"], promise: 4 }
    ]
  },
  {
    rule: "5 a 401 of an older generation says nothing of a newer one",
    switches: [{ name: "rejects what is held", defines: ["INVANY", "F=1"], promise: 7 }]
  },
  {
    rule: "6 each exchange ends with a definite answer of the store, by its own intent",
    switches: [
      { name: "an unknown outcome clears the intent", defines: ["RELUNK", "F=1"], promise: 1 },
      { name: "an own unknown outcome is tried again", defines: ["OWNREFRESH", "F=2"], promise: 1 },
      { name: "a commit that failed is not tried again", defines: ["NORETRY", "F=1"], promise: 8 },
      { name: "a begin whose answer was lost is not given back", defines: ["NOGIVEBACK", "F=1"], promise: 8 },
      { name: "commits without its own intent", defines: ["NOFENCE", "F=2"], promise: 3 },
      { name: "a takeover notes the old intent as committed", defines: ["TAKELAST", "F=2"], promise: 9 },
      { name: "logs out with what it could not commit", defines: ["LOGOUT", "F=2"], promise: 1 },
      { name: "hands out before it is stored", defines: ["EARLY", "F=1"], promise: 9 }
    ]
  },
  {
    rule: "7 the latch: a login is written down before it is sent, and two may be open",
    switches: [
      { name: "no latch", defines: ["LATCH=0", ...wrong], promise: 5 },
      { name: "in memory", defines: ["LATCH=1", ...wrong], promise: 5 },
      { name: "one version of the credentials", defines: ["LATCH=2", "F=2", "GOOD=3", "CFG1=2"], promise: 5 },
      { name: "written only when refused", defines: ["LATCH=3", ...wrong], promise: 5 },
      { name: "a refusal is not looked at", defines: ["NOREFUSED", ...wrong], promise: 5 },
      { name: "three may be open", defines: ["K=3", ...wrong], promise: 5 }
    ]
  },
  {
    rule: "8 a spent or refused refresh token is never presented, an unspent one is kept",
    switches: [
      { name: "keeps a refused one", defines: ["KEEPREFUSED", "F=1"], promise: 1 },
      { name: "presents what a takeover finds", defines: ["REPRESENT", "F=1"], promise: 1 },
      { name: "drops one that was not sent", defines: ["DROPUNSENT", "F=1"], promise: 8 },
      { name: "background work logs in after a sign-out", defines: ["BGLOGIN", "BG", "F=1"], promise: 4 }
    ]
  },
  {
    rule: "9 an intent is respected until its deadline, and not longer: logins are bounded",
    switches: [
      { name: "does not wait", defines: ["NOWAIT", "F=1"], promise: 8 },
      { name: "does not look at the intent", defines: ["NOINTENT", "F=1"], promise: 2 },
      { name: "waits for ever", defines: ["NOTAKEOVER", "F=1"], promise: 6 }
    ]
  },
  {
    rule: "10 an answer 5xx counts as not carried out only where the vendor rotates nothing before it",
    switches: [{ name: "the vendor rotates before a 5xx", defines: ["R500", "F=1"], promise: 1 }]
  }
]
