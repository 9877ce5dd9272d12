/*
 * The protocol of src/Session.ts in Promela: processes share one account whose refresh token rotates on each use, and
 * are searched exhaustively by spin for every order of their steps and every fault of a budget.
 *
 * Read it beside the code. An inline has the name of the function of Session.ts that it follows (next, isAdoptable,
 * begin, commit, settled, release, signOut; `login` is the latch inside next). Flight.pml has the processes: what
 * Flight.ts does with these steps, and the world. A test compares the names with the code's.
 *
 * `pnpm model` runs it: as it is, with every promise kept, and once for each switch that takes a rule out, with the
 * promise that is broken then (Rules.ts has that table). By hand, in a folder with both files:
 *   spin -a -DF=2 Flight.pml && gcc -O2 -DSAFETY -DNOCLAIM -DCOLLAPSE -o pan pan.c && ./pan -m1000000    every state
 *   gcc -O2 -DCOLLAPSE -DNFAIR=4 -o pan pan.c && ./pan -a -f -N live                                     every circle
 *   spin -a -DF=2 -DKEEPRT Flight.pml && gcc -O2 -DSAFETY -DNOCLAIM -DBFS -o pan pan.c && ./pan          what is broken
 *   spin -t -DF=2 -DKEEPRT Flight.pml                                                                    and how
 *
 * Promises, checked by CHECK(n, ..): P1 no refresh token is presented twice. P2 no two refreshes of a session overlap.
 * P3 nothing newer is overwritten, generations grow. P4 what was signed out does not come back. P5 a wrong password is
 * sent once, at most MOST times whatever happens. P6 every caller is answered. P7 a good token is not exchanged for
 * what was said of an older one. P8 no more logins than what happened makes necessary. P9 what is said to be stored is,
 * and nothing else is handed out. NOFLOOR needs HANDOUT, a flight that hands out what it was given, whatever became of
 * it in the record.
 *
 * Bounds: N processes, CALLS calls each, EXPIRIES of the access token, K open logins, MOST refused ones, REOPEN slots,
 * and F faults in any order: crash between any two steps, pause beyond the deadline, request not sent, vendor failed
 * (5xx), answer lost, a write that fails or whose answer is lost, a store that is down until the flight ends, sessions
 * ended by the vendor, password changed, process given the new one, a 401 of any generation, a sign-out.
 * GOOD is the password that the vendor accepts at first, CFG0 and CFG1 the one that each process has (0: none).
 *
 * Time: a process may stand still between any two steps. The deadline of an intent passes for nothing once nobody works
 * on it, and as a fault before. A latch's slot reopens as a move that costs nothing, once its deadlines are past.
 * Not modelled, but walked on the code itself (Explorer.ts): presentAgain, refresh tokens that may be used many times,
 * configured refresh tokens (seeds), forced refreshes, a new flight beside one that a sign-out overtook. Not modelled
 * at all: retry schedules, flights that stop waiting, the check that a process slept before it sends (safety needs
 * none), reads that lag behind writes, a store that was restored from a copy.
 */
#define N 2
#ifndef CALLS
#define CALLS 2
#endif
#ifndef F
#define F 2
#endif
#ifndef EXPIRIES
#define EXPIRIES 2
#endif
#ifndef K
#define K 2
#endif
#ifndef MOST
#define MOST 2
#endif
#ifndef REOPEN
#define REOPEN 1
#endif
#ifndef GOOD
#define GOOD 1
#endif
#ifndef CFG0
#define CFG0 1
#endif
#ifndef CFG1
#define CFG1 1
#endif
#ifndef LATCH      /* 4: as it is; 3: only refusals are written; 2: the record knows one version; 1: memory; 0: none */
#define LATCH 4
#endif
#ifndef ONLY
#define ONLY 0
#endif
#define CHECK(n, x) assert((ONLY && ONLY != n) || (x))
#define BIT(x) (1 << (x))
#define FAULT (faults < F && left > 0)

/* ---- the register: one record ---- */
byte version, generation, tokens, refreshToken;   /* tokens and refresh tokens are numbers of what the vendor issued */
byte intent, lastIntent, signedOut;               /* 0: none */
bit  isLogin, isOverdue;                          /* of the open intent */
bit  refused[3], proven[3], slot[3];              /* the latch, by credentials; slot: five minutes passed */
short open[3];                                    /* a set of intents */

/* ---- the vendor ---- */
byte issued, dead, expired;                       /* up to here: issued; ended by the vendor; access token expired */
byte good = GOOD;                                 /* the password it accepts */
byte family[16];                                  /* the login that a token goes back to */

/* ---- the memory of a process, which a crash wipes; its credentials survive ---- */
byte heldGeneration[N], held[N], rejected[N], floor_[N], unknown[N], tried[N];
bit  isSigningOut[N], isOld[N], owes[N];          /* isOld: it signed out since the flight was wanted */
byte credential[N];

#define IS_FRESH(t) ((t) > expired)

#if K == 1
#define IS_FULL(x) ((x) != 0)
#elif K == 2
#define IS_FULL(x) (((x) & ((x) - 1)) != 0)
#else
#define IS_FULL(x) ((((x) & ((x) - 1)) & (((x) & ((x) - 1)) - 1)) != 0)
#endif

#define HAND(g, t) CHECK(9, stored & BIT(t)); CHECK(4, (g) > returned[i])
#define CLEAR_INTENT intent = 0; isLogin = 0; isOverdue = 0; isWorkedOn = 0

mtype = { IDLE, READ, WAIT, BEGIN, GIVEBACK, SEND, SENT, PAY, REFRESH, LOGIN, COMMIT, KEPT, REFUSED, UNKNOWN,
          ADOPT, STOP };

/* ---- Session.ts: the steps ---- */
inline forgetLatches() {
  refused[1] = 0; proven[1] = 0; open[1] = 0; slot[1] = 0; refused[2] = 0; proven[2] = 0; open[2] = 0; slot[2] = 0
}

inline isAdoptable(yes) {
  yes = (tokens && IS_FRESH(tokens) && generation > rejected[i] && generation > floor_[i] && generation > after)
}

/* whether the latch lets one more login begin */
inline login() {
  if
#if LATCH == 1
  :: tried[i] & BIT(credential[i]) -> said = STOP
#elif LATCH == 2 || LATCH == 3
  :: refused[credential[i]] -> said = STOP
#elif LATCH == 4
#ifndef NOREFUSED
  :: refused[credential[i]] -> said = STOP
#endif
  :: !refused[credential[i]] && !proven[credential[i]] && !slot[credential[i]] && IS_FULL(open[credential[i]]) ->
       said = STOP
#endif
  :: else -> said = LOGIN
  fi
}

#ifdef NOINTENT
#define SPENT (0)
#define IS_ANOTHERS (0)
#else
#ifdef OWNREFRESH
#define SPENT (intent && !isLogin && intent != unknown[i])
#else
#define SPENT (intent && !isLogin)
#endif
#ifdef NOWAIT
#define IS_ANOTHERS (0)
#elif defined(NOTAKEOVER)
#define IS_ANOTHERS (intent && intent != unknown[i])
#else
#define IS_ANOTHERS (intent && intent != unknown[i] && !isOverdue)   /* but for an own one of unknown outcome */
#endif
#endif

inline next() {
  isAdoptable(adoptable);
  if
  :: adoptable -> said = ADOPT
  :: else ->
     if
#ifndef NOEPOCH
     :: signedOut > firstSignedOut -> said = STOP
     :: signedOut <= firstSignedOut && IS_ANOTHERS -> said = WAIT
#else
     :: IS_ANOTHERS -> said = WAIT
#endif
     :: else ->
        if
#ifndef BGLOGIN
        :: isBackground && signedOut && signedOut == generation -> said = STOP
#endif
        :: else ->
           if
#ifdef REPRESENT
           :: refreshToken -> said = REFRESH
#else
           :: refreshToken && !SPENT -> said = REFRESH
#endif
           :: else ->
              if
              :: credential[i] -> login()
              :: else -> said = STOP            /* NoCredentials, or Unresolved where a token was spent */
              fi
           fi
        fi
     fi
  fi
}

#if defined(NOCAS) || defined(ABA)
#define STALE                                       /* a record that was read long ago is written back whole */
#endif
#if defined(NOCAS)
#define SWAPS (1)
#elif defined(ABA)
#define SWAPS (generation == sGeneration && intent == sIntent)
#else
#define SWAPS (version == sVersion)
#endif

inline begin() {
  intents++; id = intents; claimed = generation; presents = 0;
#ifdef STALE
  refreshToken = sRefreshToken;
#endif
#ifdef TAKELAST
  if :: intent -> lastIntent = intent :: else fi;
#endif
  intent = id; isOverdue = 0; isWorkedOn = 1; version++;
  if
  :: kind == LOGIN ->
       isLogin = 1;
#if LATCH == 4
       if
       :: IS_FULL(open[by]) -> open[by] = open[by] & (open[by] - 1)        /* at most K are remembered, the newest */
       :: else
       fi;
       open[by] = open[by] | BIT(id); slot[by] = 0;
#endif
#ifdef RELRT
       given = refreshToken;
#endif
#ifndef KEEPRT
       refreshToken = 0
#endif
  :: else -> isLogin = 0; presents = refreshToken
  fi
}

inline close() { open[by] = open[by] & ~BIT(id); if :: open[by] == 0 -> slot[by] = 0 :: else fi }

#if defined(NOFENCE)
#define IS_OWN (1)
#else
#define IS_OWN (intent == id)
#endif

inline commit() {
  if
  :: lastIntent == id -> CHECK(4, tokens); CHECK(9, stored & BIT(given))           /* it is said to be stored */
  :: lastIntent != id && IS_OWN ->
       CHECK(4, signedOut <= claimed);
       CHECK(3, generation == claimed);
       generation++; tokens = given; refreshToken = given; lastIntent = id; CLEAR_INTENT; version++;
       stored = stored | BIT(given);
       if :: kind == LOGIN -> refused[by] = 0; proven[by] = 1; close() :: else fi
  :: else ->
       settled();
#ifdef LOGOUT
       CHECK(1, !(presented & BIT(given))); presented = presented | BIT(given)
#endif
  fi
}

inline settled() {
  if :: kind == LOGIN -> proven[by] = 1; close(); version++ :: else fi
}

inline release() {
  if
  :: kind == LOGIN && LATCH == 4 && outcome != UNKNOWN && (open[by] & BIT(id)) ->
       if :: outcome == REFUSED -> refused[by] = 1 :: else fi;
       close(); version++
  :: kind == LOGIN && LATCH == 3 && outcome == REFUSED -> refused[by] = 1; version++
  :: kind == LOGIN && LATCH == 2 && outcome == REFUSED -> refused[1] = 0; refused[2] = 0; refused[by] = 1; version++
  :: else
  fi;
  if
  :: intent == id ->
       CLEAR_INTENT; version++;
#ifndef KEEPREFUSED
       if :: kind == REFRESH && outcome == REFUSED -> refreshToken = 0 :: else fi;
#endif
#ifdef DROPUNSENT
       if :: kind == REFRESH && outcome == KEPT -> refreshToken = 0 :: else fi;
#endif
#ifdef RELRT
       if :: kind == LOGIN && outcome == KEPT -> refreshToken = given :: else fi;
#endif
       skip
  :: else
  fi
}

inline signOut() {
#ifdef SODELETE
  version = 0; generation = 0; tokens = 0; refreshToken = 0; lastIntent = 0; signedOut = 0; forgetLatches();
  CLEAR_INTENT;
#else
  generation++; version++; signedOut = generation; tokens = 0; refreshToken = 0; forgetLatches();
#ifndef KEEPLAST
  lastIntent = 0;
#endif
#ifndef SOINTENT
  CLEAR_INTENT;
#endif
#endif
  refusals[1] = 0; refusals[2] = 0
}
