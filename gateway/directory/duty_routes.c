#include "gateway/directory/duty_routes.h"

#include "gateway/access.h"
#include "gateway/directory/duty_hand_over.h"
#include "gateway/directory/duty_presence.h"
#include "gateway/directory/duty_roster.h"
#include "gateway/directory/duty_shift.h"
#include "gateway/directory/duty_switch.h"

const struct api_route duty_routes[] = {
    {ACCESS_ROUTE(duty_get), .run = duty_get},
    {ACCESS_ROUTE(duty_put), .body = API_BODY_JSON, .body_max = DUTY_BODY_MAX, .run = duty_put},
    {ACCESS_ROUTE(duty_hand_over), .body = API_BODY_JSON, .body_max = DUTY_BODY_MAX,
     .run = duty_hand_over},
    {ACCESS_ROUTE(duty_roster), .run = duty_roster_get},
    {ACCESS_ROUTE(duty_shift_new), .body = API_BODY_JSON, .body_max = DUTY_BODY_MAX,
     .run = duty_shift_post},
    {ACCESS_ROUTE(duty_shift_remove), .run = duty_shift_delete},
    {ACCESS_ROUTE(presence), .run = duty_presence_get},
    {.method = NULL},
};
