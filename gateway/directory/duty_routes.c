#include "gateway/directory/duty_routes.h"

#include "gateway/directory/duty_hand_over.h"
#include "gateway/directory/duty_presence.h"
#include "gateway/directory/duty_roster.h"
#include "gateway/directory/duty_shift.h"
#include "gateway/directory/duty_switch.h"

const struct api_route duty_routes[] = {
    {.method = "GET", .pattern = "/api/v1/duty", .roles = ROLE_SPECIALIST, .run = duty_get},
    {.method = "PUT",
     .pattern = "/api/v1/duty",
     .roles = ROLE_SPECIALIST,
     .body = API_BODY_JSON,
     .body_max = DUTY_BODY_MAX,
     .run = duty_put},
    {.method = "POST",
     .pattern = "/api/v1/duty/hand-over",
     .roles = ROLE_SPECIALIST,
     .body = API_BODY_JSON,
     .body_max = DUTY_BODY_MAX,
     .run = duty_hand_over},
    {.method = "GET",
     .pattern = "/api/v1/duty/roster",
     .roles = ROLE_SPECIALIST | ROLE_COORDINATOR | ROLE_MANAGER,
     .run = duty_roster_get},
    {.method = "POST",
     .pattern = "/api/v1/duty/shifts",
     .roles = ROLE_SPECIALIST | ROLE_COORDINATOR,
     .body = API_BODY_JSON,
     .body_max = DUTY_BODY_MAX,
     .run = duty_shift_post},
    {.method = "DELETE",
     .pattern = "/api/v1/duty/shifts/{id}",
     .roles = ROLE_SPECIALIST | ROLE_COORDINATOR,
     .run = duty_shift_delete},
    {.method = "GET",
     .pattern = "/api/v1/presence",
     .roles = ROLE_CLINICIAN,
     .run = duty_presence_get},
    {.method = NULL},
};
