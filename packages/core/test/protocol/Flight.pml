/*
 * The processes of the model: the order of src/Flight.ts on the steps of Session.pml, and what can happen to them. Its
 * header, the bounds and the switches are in Session.pml.
 */
#include "Session.pml"

/* ---- for the promises only ---- */
byte intents, faults, expiries, reopenings, logins, allowed, left = N * CALLS;
short presented, stored, complained;
byte refusals[3], returned[N], sending[N];   /* refused in a row; last sign-out that returned; on its way */
bit  isWorkedOn, isTwoVersions;

#define RESET id = 0; kind = 0; by = 0; claimed = 0; presents = 0; given = 0; outcome = 0
#define TO_READ RESET; pc = READ
/* the caller is answered; what is owed stays */
#define END_CALL if :: owes[i] :: else -> RESET fi; after = 0; hasRead = 0; firstSignedOut = 0; isBackground = 0; \
  sVersion = 0; sGeneration = 0; sIntent = 0; said = 0; isSettling = 0; isOld[i] = 0; left--; pc = IDLE
#define IS_CURRENT (!isOld[i] && !isSigningOut[i])
#define DOUBT if :: intent == id -> isWorkedOn = 0 :: else fi

proctype P(byte i)
{
  mtype pc = IDLE, said, kind, outcome;
  byte calls = CALLS;
  byte after, firstSignedOut;                       /* as the call began, as its first read showed              */
  byte sVersion, sGeneration, sIntent;              /* the record as it was read                                */
#ifdef STALE
  byte sRefreshToken;
#endif
  byte id, by, claimed, presents, given;            /* the claim, by which credential, on which generation       */
  bit  hasRead, isBackground, isSettling, adoptable;

end:
  do
  :: d_step { pc == IDLE && calls > 0 && !isSigningOut[i] ->
       calls--;
       if
       :: held[i] && IS_FRESH(held[i]) && heldGeneration[i] > rejected[i] ->
            HAND(heldGeneration[i], held[i]); left--; printf("P%d has generation %d\n", i, heldGeneration[i])
       :: else ->
            after = heldGeneration[i]; isSettling = owes[i];
#ifdef BG
            isBackground = 1;
#endif
            if :: owes[i] -> pc = PAY :: else -> pc = READ fi
       fi }

  :: d_step { pc == READ ->
       sVersion = version; sGeneration = generation; sIntent = intent;
#ifdef STALE
       sRefreshToken = refreshToken;
#endif
       if :: !hasRead -> firstSignedOut = signedOut; hasRead = 1 :: else fi;
       CHECK(3, generation >= heldGeneration[i]);
       next(); adoptable = 0;
       printf("P%d reads version %d generation %d tokens %d refresh token %d intent %d: %e\n",
              i, version, generation, tokens, refreshToken, intent, said);
       if
       :: said == ADOPT ->
            HAND(generation, tokens);
            if :: !isOld[i] -> heldGeneration[i] = generation; held[i] = tokens :: else fi;
            END_CALL
       :: said == STOP -> END_CALL
       :: said == WAIT -> if :: IS_CURRENT -> pc = WAIT :: else -> END_CALL fi
       :: else -> if :: IS_CURRENT -> kind = said; by = credential[i]; pc = BEGIN :: else -> END_CALL fi
       fi }

#ifdef NOTAKEOVER
  :: d_step { pc == WAIT && (version != sVersion || !IS_CURRENT) -> pc = READ }
#else
  :: d_step { pc == WAIT && (isOverdue || version != sVersion || !IS_CURRENT) -> pc = READ }
#endif

  :: atomic { pc == BEGIN ->
       if
       :: SWAPS ->
            CHECK(7, !(tokens && IS_FRESH(tokens)) || (complained & BIT(generation)));
            CHECK(4, kind != LOGIN || signedOut <= firstSignedOut);
            CHECK(4, !(isBackground && signedOut && signedOut == generation));
            assert(intents < 15 && issued < 15 && generation < 15);       /* the sets are wide enough */
            begin(); printf("P%d writes intent %d: %e\n", i, id, kind);
            if
            :: pc = SEND
            :: FAULT -> faults++; printf("   ... and is not told\n"); outcome = KEPT; owes[i] = 1;
#ifdef NOGIVEBACK
                 owes[i] = 0; DOUBT; END_CALL
#else
                 pc = GIVEBACK
#endif
            fi
       :: else -> TO_READ
       fi }

  :: atomic { pc == GIVEBACK ->
       if
       :: true -> release(); owes[i] = 0; printf("P%d gives intent %d back\n", i, id)
       :: FAULT -> faults++; allowed++; DOUBT; printf("P%d cannot give intent %d back\n", i, id)
       fi;
       END_CALL }

  :: atomic { pc == SEND ->
       if
       :: !IS_CURRENT -> outcome = KEPT; owes[i] = 1; pc = PAY; printf("P%d does not send: signed out\n", i)
       :: IS_CURRENT && FAULT -> faults++; outcome = KEPT; owes[i] = 1; pc = PAY; printf("P%d could not send\n", i)
       :: IS_CURRENT ->
            unknown[i] = id;
            if
            :: kind == REFRESH ->
                 printf("P%d presents refresh token %d\n", i, presents);
                 CHECK(1, !(presented & BIT(presents)));
                 CHECK(2, !sending[1 - i] || family[sending[1 - i]] != family[presents]);
                 presented = presented | BIT(presents); sending[i] = presents
            :: else ->
                 logins++; printf("P%d logs in with %d (login %d of %d)\n", i, by, logins, 1 + allowed);
                 CHECK(8, logins <= 1 + allowed)
            fi;
            pc = SENT
       fi }

  /* `true ->`: an else in an if that is a guard itself would wait for the faults beside it. */
  /* the vendor carries it out, or fails; the answer is heard, or lost */
  :: atomic { pc == SENT ->
       if
       :: FAULT -> faults++; printf("P%d is told that the vendor failed\n", i);
#ifdef R500
            if :: kind == REFRESH && presents > dead -> issued++; family[issued] = family[presents] :: else fi;
#else
            if :: kind == REFRESH -> presented = presented & ~BIT(presents) :: else fi;
#endif
            if :: kind == LOGIN -> allowed++ :: else fi;
            outcome = KEPT
       :: true ->
          if
          :: kind == REFRESH && presents > dead -> issued++; given = issued; family[issued] = family[presents]
          :: kind == LOGIN && by == good -> issued++; given = issued; family[issued] = issued
          :: else -> given = 0
          fi;
          if
          :: kind == LOGIN && !given && signedOut <= claimed ->
               refusals[by]++; tried[i] = tried[i] | BIT(by);
               CHECK(5, (proven[by] || refusals[by] <= MOST + reopenings) && refusals[by] <= 1 + faults + reopenings)
          :: else
          fi;
          printf("P%d intent %d: given %d\n", i, id, given);
          if
          :: given -> outcome = COMMIT;
#ifdef EARLY
               HAND(claimed + 1, given)
#endif
          :: !given -> outcome = REFUSED
          :: FAULT -> faults++; allowed++; given = 0; outcome = UNKNOWN; printf("   ... and never hears of it\n")
          fi
       fi;
       sending[i] = 0;
#ifdef RELUNK
       if :: outcome == UNKNOWN -> outcome = KEPT :: else fi;
#endif
       if
       :: kind == REFRESH && outcome == UNKNOWN ->           /* its token is spent: the intent stays */
            DOUBT;
            if :: true -> TO_READ :: true -> END_CALL fi
       :: else -> unknown[i] = 0; owes[i] = 1; pc = PAY
       fi }

  :: atomic { pc == PAY ->
       if
       :: true ->
          if :: outcome == COMMIT -> commit() :: else -> release() fi;
          printf("P%d pays intent %d: %e\n", i, id, outcome);
          if
          :: owes[i] = 0;
             if
             :: outcome == COMMIT && !isSettling && IS_FRESH(given) -> isAdoptable(adoptable)
             :: else
             fi;
             if
#ifdef HANDOUT
             :: outcome == COMMIT && claimed + 1 > after
#ifndef NOFLOOR
                && claimed + 1 > floor_[i]
#endif
                -> HAND(claimed + 1, given); heldGeneration[i] = claimed + 1; held[i] = given; adoptable = 0; END_CALL
#endif
             :: adoptable ->                                     /* what was just committed is not read again */
                  adoptable = 0; HAND(generation, tokens);
                  if :: !isOld[i] -> heldGeneration[i] = generation; held[i] = tokens :: else fi;
                  END_CALL
             :: !adoptable && (isSettling || outcome == REFUSED || (outcome == COMMIT && IS_FRESH(given))) ->
                  isSettling = 0; TO_READ
             :: else -> END_CALL
             fi
          :: FAULT -> faults++; printf("   ... and is not told\n")          /* tries again */
          fi
#ifdef NORETRY
       :: FAULT -> faults++; owes[i] = 0; DOUBT; printf("P%d: a write fails\n", i); TO_READ
#endif
       :: FAULT -> faults++; allowed++; DOUBT; printf("P%d: the store is down\n", i); END_CALL
       fi }

  :: d_step { FAULT && (pc != IDLE || held[i] || rejected[i] || owes[i] || isSigningOut[i]) ->
       faults++; allowed++; printf("P%d crashes and restarts\n", i);
       if :: id -> DOUBT :: else fi;
       heldGeneration[i] = 0; held[i] = 0; rejected[i] = 0; floor_[i] = 0; unknown[i] = 0; tried[i] = 0; owes[i] = 0;
       sending[i] = 0; isSigningOut[i] = 0; returned[i] = 0;
       if :: pc != IDLE -> END_CALL :: else -> RESET fi }
  od
}

/* a person signs out in process i */
proctype SignOut(byte i)
{
  byte g;
end:
  do
  :: d_step { FAULT && !isSigningOut[i] ->
       faults++; allowed = allowed + 1 + isTwoVersions; isSigningOut[i] = 1; printf("P%d: somebody signs out\n", i) }
  :: d_step { isSigningOut[i] && !g ->
#ifdef SOREVOKE
       if
       :: refreshToken -> CHECK(1, !(presented & BIT(refreshToken))); presented = presented | BIT(refreshToken)
       :: else
       fi;
#endif
       CHECK(3, generation < 255);
       signOut(); g = generation; printf("P%d writes its sign-out: generation %d\n", i, g) }
  :: d_step { g ->
       if
       :: isSigningOut[i] ->
            returned[i] = g; floor_[i] = g; held[i] = 0; heldGeneration[i] = 0; unknown[i] = 0; owes[i] = 0;
            isOld[i] = 1; isSigningOut[i] = 0; printf("P%d's sign-out returns\n", i)
       :: else
       fi;
       g = 0 }
  od
}

proctype World()
{
  byte i, k;
end:
  do
  :: d_step { intent && !isOverdue && !isWorkedOn -> isOverdue = 1;
       printf("the deadline of intent %d passes\n", intent) }
  :: d_step { intent && !isOverdue && isWorkedOn && FAULT -> faults++; allowed++; isOverdue = 1;
       printf("the deadline of intent %d passes while its owner stands still\n", intent) }
  :: d_step { expired < tokens && expiries < EXPIRIES -> expiries++; expired = tokens;
       printf("tokens %d expire\n", tokens) }
#if LATCH == 4
  :: d_step { reopenings < REOPEN && IS_FULL(open[1]) && !slot[1] && (!intent || isOverdue) ->
       reopenings++; allowed++; slot[1] = 1; printf("five minutes pass\n") }
#endif
  :: d_step { FAULT && issued > dead -> faults++; allowed++; dead = issued; printf("the vendor ends all sessions\n") }
  :: d_step { FAULT && good == 1 -> faults++; good = 2; printf("the password is changed at the vendor\n") }
  :: d_step { FAULT && credential[0] == 1 -> faults++; allowed++; isTwoVersions = 1; credential[0] = 2;
       printf("P0 is given the new password\n") }
  :: atomic { FAULT && held[0] -> i = 0; goto complain }
  :: atomic { FAULT && held[1] -> i = 1; goto complain }
  /* nothing else can happen */
  :: timeout -> CHECK(6, left == 0); break
  od;
  goto done;
complain:
  atomic {
    faults++; k = heldGeneration[i];
    if :: skip :: k > 1 -> k-- fi;
    printf("the API refuses generation %d, told to P%d which holds %d\n", k, i, heldGeneration[i]);
    complained = complained | BIT(k);
    if
#ifdef INVANY
    :: 1 -> rejected[i] = heldGeneration[i]
#else
    :: k == heldGeneration[i] -> rejected[i] = k
    :: else
#endif
    fi;
    i = 0; k = 0;
    goto end
  }
done: skip
}

init
{
  atomic {
    credential[0] = CFG0;
    credential[1] = CFG1;
    if :: CFG0 && CFG1 && CFG0 != CFG1 -> isTwoVersions = 1; allowed++ :: else fi;
    run P(1);
    run P(0); run World(); run SignOut(0)
  }
}

ltl live { <> (left == 0) }
