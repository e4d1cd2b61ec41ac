/* What a room keeps of its chat. All of it is in the first answer to whoever joins, so it is
 * bounded in octets too: a party that fills it must not make that answer so long that the other
 * one's connection is cut as slow (ws_send_queue_bytes). T0. */
#ifndef GATEWAY_SESSION_CHAT_H
#define GATEWAY_SESSION_CHAT_H

#include <jansson.h>

#define CHAT_ITEMS_MAX 200u /* as room.state allows */
#define CHAT_BYTES_MAX                                                                             \
    32768u /* octets as JSON: half of the least ws_send_queue_bytes; two hours of talk in Chinese  \
              were some 10,000 */

/* said: borrowed; the oldest go until both limits are kept, the new one stays. */
void chat_add(json_t *chat, json_t *said);

#endif
