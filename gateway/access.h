/* The table of rights (gateway/access.def) as data, and as the beginning of a route:
 *
 *     {ACCESS_ROUTE(opinion_list), API_BODY_NONE, 0, opinion_list, NULL, API_BLOB_FILES, NULL},
 *
 * so that method, path and roles of a route stand nowhere else, and a route that is not in the
 * table does not compile. A route that was written out by hand is found by access_fault(), which a
 * unit test asks. Constant data, any thread. */
#ifndef GATEWAY_ACCESS_H
#define GATEWAY_ACCESS_H

#include "gateway/api.h"
#include "gateway/consult/consult_fsm.h"

/* Who may read cases at all, write referrals, read them; the relation decides which. */
#define ACCESS_CARE                                                                                \
    ((unsigned)(ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_COORDINATOR | ROLE_APPROVER |              \
                ROLE_REVIEWER))
#define ACCESS_REFERS ((unsigned)(ROLE_CLINICIAN | ROLE_SPECIALIST | ROLE_REFERRALS))
#define ACCESS_MANAGES ((unsigned)(ROLE_MANAGER | ROLE_ADMIN)) /* partnerships */
#define ACCESS_RECORD CONSULT_ACTORS_OF_RECORD
#define ACCESS_SEES_REFERRALS ((unsigned)(ACCESS_REFERS | ROLE_COORDINATOR))

/* Relations: enum consult_actor, and to what is no consultation: */
enum access_relation {
    ACCESS_OWN = 65536,        /* the own row, or one of the own institution */
    ACCESS_SENDER = 131072,    /* of a referral: who wrote it */
    ACCESS_RECEIVER = 262144,  /* of a referral: the institution that it goes to */
    ACCESS_INVOLVED = 524288,  /* of a referral: who wrote the one that it answers */
    ACCESS_LEAD = 1048576,     /* of a partnership: its lead's manager; an admin counts as one */
    ACCESS_CONTINUES = 2097152 /* of an earlier consultation: a party of a present one of the same
                                  patient (gateway/consult/consult_continuity.h) */
};
#define ACCESS_FREE 0u
#define ACCESS_PARTIES ((unsigned)(CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT))
#define ACCESS_TREATS                                                                              \
    ((unsigned)(CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_CONSULTANT | CONSULT_ACTOR_MEMBER))
#define ACCESS_REFERRAL                                                                            \
    ((unsigned)(ACCESS_SENDER | ACCESS_RECEIVER | ACCESS_INVOLVED | CONSULT_ACTOR_COORDINATOR))
#define ACCESS_SEES                                                                                \
    ((unsigned)(ACCESS_RECORD | CONSULT_ACTOR_CANDIDATE | CONSULT_ACTOR_GUEST |                    \
                CONSULT_ACTOR_APPROVER))
#define ACCESS_IN_ROOM ((unsigned)(ACCESS_SEES | CONSULT_ACTOR_OBSERVER)) /* that it is on */

enum access_id {
#define ACCESS(id, method, path, roles, relations, body, status, answer, summary) ACCESS_ID_##id,
#include "gateway/access.def"
    ACCESS_COUNT
};

struct access {
    const char *id;      /* "opinion_list"; operationId of the OpenAPI document */
    const char *method;  /* "GET" */
    const char *pattern; /* "/api/v1/consultations/{id}/opinions" */
    unsigned roles;      /* enum role bits; ROLE_PUBLIC = no session needed */
    unsigned relations;  /* of both enums, ORed; ACCESS_FREE = the path names no object */
};

/* Constant expressions for the tables of routes. */
enum {
#define ACCESS(id, method, path, roles, relations, body, status, answer, summary)                  \
    ACCESS_ROLES_##id = (roles),
#include "gateway/access.def"
    ACCESS_ROLES_END
};
#define ACCESS(id, method, path, roles, relations, body, status, answer, summary)                  \
    extern const char access_method_##id[], access_pattern_##id[];
#include "gateway/access.def"
#define ACCESS_ROUTE(id) access_method_##id, access_pattern_##id, ACCESS_ROLES_##id

const struct access *access_of(enum access_id id);
/* May somebody with this relation to the object use the call? */
bool access_relates(enum access_id id, unsigned relation);

/* The first thing that is wrong with tables of routes (NULL ends): a route that is not in the
 * table, or has other roles there; a row of the table without a route; two routes of one row. False
 * and "": nothing is. out is filled. */
bool access_fault(const struct api_route *const *tables, char *out, size_t out_len);

#endif
