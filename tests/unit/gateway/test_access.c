/* The table of rights and the routes are the same set, with the same roles; and each way in which
 * they could differ is seen. */
#include "gateway/access.h"
#include "gateway/dispatch.h"
#include "tests/unit/test.h"

#include <string.h>

static void nothing(struct api_call *call)
{
    (void)call;
}

static void test_real(void)
{
    char fault[256];
    EXPECT(!access_fault(dispatch_tables(), fault, sizeof fault));
    EXPECT_TEXT(fault, "");
    size_t routes = 0;
    for (const struct api_route *const *table = dispatch_tables(); *table != NULL; table++) {
        for (const struct api_route *route = *table; route->method != NULL; route++) {
            routes++;
        }
    }
    EXPECT_INT(routes, ACCESS_COUNT);
    EXPECT(routes >= 25);
}

/* A copy of every row as one table of routes, which a test then spoils. */
static size_t copy_rows(struct api_route *routes)
{
    for (size_t i = 0; i < ACCESS_COUNT; i++) {
        const struct access *row = access_of((enum access_id)i);
        routes[i] = (struct api_route){
            .method = row->method, .pattern = row->pattern, .roles = row->roles, .run = nothing};
    }
    routes[ACCESS_COUNT] = (struct api_route){.method = NULL};
    return ACCESS_COUNT;
}

static void test_faults_are_seen(void)
{
    struct api_route routes[ACCESS_COUNT + 2];
    const struct api_route *const tables[] = {routes, NULL};
    char fault[256];
    size_t count = copy_rows(routes);
    EXPECT(!access_fault(tables, fault, sizeof fault));
    routes[3].roles ^= (unsigned)ROLE_OPERATOR;
    EXPECT(access_fault(tables, fault, sizeof fault) && strstr(fault, "roles") != NULL);
    copy_rows(routes);
    routes[3].pattern = "/api/v1/nobody/knows";
    EXPECT(access_fault(tables, fault, sizeof fault) && strstr(fault, "not in") != NULL);
    copy_rows(routes);
    routes[count - 1].method = NULL;
    EXPECT(access_fault(tables, fault, sizeof fault) && strstr(fault, " 0 routes") != NULL);
    copy_rows(routes);
    routes[count] = routes[0];
    routes[count + 1] = (struct api_route){.method = NULL};
    EXPECT(access_fault(tables, fault, sizeof fault) && strstr(fault, " 2 routes") != NULL);
}

static void test_rows(void)
{
    static const struct api_route route = {
        ACCESS_ROUTE(session_open), API_BODY_JSON, 100, nothing, NULL, API_BLOB_FILES, NULL};
    EXPECT_TEXT(route.method, "POST");
    EXPECT_TEXT(route.pattern, "/api/v1/session");
    EXPECT_INT(route.roles, ROLE_PUBLIC);
    for (size_t i = 0; i < ACCESS_COUNT; i++) {
        const struct access *row = access_of((enum access_id)i);
        bool case_of = strncmp(row->pattern, "/api/v1/consultations/", 22) == 0 ||
                       strncmp(row->pattern, "/api/v1/attachments/", 20) == 0 ||
                       strncmp(row->pattern, "/api/v1/recordings/", 19) == 0 ||
                       strncmp(row->pattern, "/api/v1/uploads/", 16) == 0;
        EXPECT(!case_of || row->relations != ACCESS_FREE);
        /* who runs the machine reads no case */
        EXPECT(!case_of || (row->roles & (unsigned)(ROLE_OPERATOR | ROLE_ADMIN)) == 0);
    }
    EXPECT(access_relates(ACCESS_ID_opinion_list, CONSULT_ACTOR_REQUESTER | CONSULT_ACTOR_GUEST));
    EXPECT(!access_relates(ACCESS_ID_opinion_list, CONSULT_ACTOR_GUEST));
    EXPECT(!access_relates(ACCESS_ID_opinion_list, 0));
}

int main(void)
{
    static const struct test_case cases[] = {
        {"the routes are those of the table", test_real},
        {"each fault is seen", test_faults_are_seen},
        {"rows", test_rows},
    };
    return TEST_MAIN(cases);
}
