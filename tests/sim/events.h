/* What will happen, in the order of virtual time; at the same millisecond in the order in which it
 * was planned. A binary heap. One thread. */
#ifndef TESTS_SIM_EVENTS_H
#define TESTS_SIM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* EVENT(name): each has a handler of the same name in one of the agents' files. */
#define EVENTS                                                                                     \
    EVENT(create)        /* a patient needs advice: the clinician begins a request */              \
    EVENT(submit)        /* material and consents are there */                                     \
    EVENT(withdraw)      /* the patient has left, or is well */                                    \
    EVENT(resubmit)      /* what was missing is there now */                                       \
    EVENT(renew)         /* nobody took it: once more */                                           \
    EVENT(know)          /* the clinician answers the telephone about a critical value */          \
    EVENT(decide)        /* the clinician reads the opinion and records the own decision */        \
    EVENT(finish)        /* the patient was seen: close, or plan a follow-up */                    \
    EVENT(day)           /* midnight: the shifts and rounds of the day */                          \
    EVENT(sweep)         /* a clinician goes through the own worklist */                           \
    EVENT(duty_on)       /* a specialist's shift begins */                                         \
    EVENT(duty_off)      /* and ends */                                                            \
    EVENT(scan)          /* a specialist looks into the queue */                                   \
    EVENT(ring)          /* a specialist answers, or not, what rings */                            \
    EVENT(report)        /* the opinion is written */                                              \
    EVENT(verify)        /* a second reader looks into the worklist */                             \
    EVENT(put_in_charge) /* somebody's case is another's now: who finds it among the own */        \
    EVENT(amend)         /* the consultant sees that something has to be said otherwise */         \
    EVENT(arrange)       /* consultant: a session now, or an appointment */                        \
    EVENT(join)          /* somebody enters the room */                                            \
    EVENT(interrupt)     /* a link breaks */                                                       \
    EVENT(end)           /* all is said */                                                         \
    EVENT(reopen)        /* what failed or was missed is arranged anew */                          \
    EVENT(member)        /* a member of a multi-disciplinary consultation writes */                \
    EVENT(office)        /* approver, coordinator: the worklists of the institution */             \
    EVENT(review)        /* reviewer: the sample */                                                \
    EVENT(refer)         /* the clinician refers the patient */                                    \
    EVENT(receive)       /* the receiving department looks at what was referred */                 \
    EVENT(read_return)   /* the sender reads return messages */                                    \
    EVENT(lunch)         /* a specialist's break */                                                \
    EVENT(round)         /* each minute: what duty does by the clock */                            \
    EVENT(check)         /* each hour: the invariants */                                           \
    EVENT(sabotage)      /* controls: something is broken on purpose */

enum event_kind {
#define EVENT(name) EVENT_##name,
    EVENTS
#undef EVENT
        EVENT_COUNT
};

struct event {
    int64_t at_ms;
    uint64_t order; /* of planning */
    enum event_kind kind;
    int person; /* index; -1 = none */
    int kase;   /* index; -1 = none */
};

struct events {
    struct event *heap;
    size_t count, room;
    uint64_t planned;
};

void events_add(struct events *events, int64_t at_ms, enum event_kind kind, int person, int kase);
/* The next one; false when there is none. */
bool events_peek(const struct events *events, int64_t *out_at_ms);
struct event events_take(struct events *events); /* there is one */
void events_clear(struct events *events);

#endif
