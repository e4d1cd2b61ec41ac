#include "proto/ice/candidate.h"

#include "proto/base/check.h"

static bool ice_chars(struct span text, size_t min, size_t max)
{
    if (text.len < min || text.len > max) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '+' || c == '/';
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool ice_ufrag_valid(struct span ufrag)
{
    return ice_chars(ufrag, 4, 256);
}

bool ice_pwd_valid(struct span pwd)
{
    return ice_chars(pwd, 22, 256);
}

/* Next word before a blank; empty at the end. */
static struct span next_word(struct span *rest)
{
    size_t n = 0;
    while (n < rest->len && rest->data[n] != ' ') {
        n++;
    }
    struct span word = {rest->data, n};
    size_t used = n < rest->len ? n + 1 : n;
    *rest = span_of(rest->data + used, rest->len - used);
    return word;
}

static bool number(struct span word, uint64_t min, uint64_t max, uint64_t *out_value)
{
    uint64_t value;
    if (!span_decimal(word, &value) || value < min || value > max) {
        return false;
    }
    *out_value = value;
    return true;
}

static bool address_ok(struct span word)
{
    if (word.len == 0 || word.len > 255) {
        return false;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (word.data[i] <= ' ' || word.data[i] >= 0x7F) {
            return false;
        }
    }
    return true;
}

static const char *const type_names[] = {"host", "srflx", "prflx", "relay"};
static const char *const tcptype_names[] = {"", "active", "passive", "so"};

static int name_index(struct span word, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (span_is(word, names[i])) {
            return (int)i;
        }
    }
    return -1;
}

/* Name and value pairs behind the type; those that we do not know are passed over (RFC 8839 §5.1).
 */
static bool read_extensions(struct span rest, struct ice_candidate *c)
{
    uint64_t value;
    while (rest.len > 0) {
        struct span name = next_word(&rest);
        if (name.len == 0 || rest.len == 0) {
            return false;
        }
        struct span word = next_word(&rest);
        if (span_is(name, "raddr")) {
            if (!address_ok(word)) {
                return false;
            }
            c->related_address = word;
        } else if (span_is(name, "rport")) {
            if (!number(word, 0, 65535, &value)) {
                return false;
            }
            c->related_port = (uint16_t)value;
        } else if (span_is(name, "tcptype")) {
            int tcptype = name_index(word, tcptype_names + 1, 3);
            if (tcptype < 0) {
                return false;
            }
            c->tcptype = (enum ice_tcptype)(tcptype + 1);
        }
    }
    return true;
}

enum status ice_candidate_read(struct span value, struct ice_candidate *out_candidate)
{
    static const struct span prefix = {(const uint8_t *)"candidate:", 10};
    if (value.len >= prefix.len && memcmp(value.data, prefix.data, prefix.len) == 0) {
        value = span_of(value.data + prefix.len, value.len - prefix.len);
    }
    struct ice_candidate c = {.foundation = next_word(&value)};
    uint64_t component = 0;
    uint64_t priority = 0;
    uint64_t port = 0;
    bool ok = ice_chars(c.foundation, 1, 32) && number(next_word(&value), 1, 256, &component);
    if (!ok) {
        return STATUS_MALFORMED;
    }
    struct span transport = next_word(&value);
    ok = number(next_word(&value), 1, 0x7FFFFFFF, &priority);
    c.address = next_word(&value);
    ok = ok && address_ok(c.address) && number(next_word(&value), 0, 65535, &port);
    if (!ok || !span_is(next_word(&value), "typ")) {
        return STATUS_MALFORMED;
    }
    int type = name_index(next_word(&value), type_names, 4);
    bool udp = span_equal_nocase(transport, span_text("udp"));
    if (!udp && !span_equal_nocase(transport, span_text("tcp"))) {
        return STATUS_UNSUPPORTED;
    }
    if (type < 0) {
        return STATUS_UNSUPPORTED;
    }
    c.component = (uint16_t)component;
    c.priority = (uint32_t)priority;
    c.port = (uint16_t)port;
    c.type = (enum ice_type)type;
    c.transport = udp ? ICE_UDP : ICE_TCP;
    if (!read_extensions(value, &c)) {
        return STATUS_MALFORMED;
    }
    *out_candidate = c;
    return STATUS_OK;
}

void ice_candidate_write(struct writer *w, const struct ice_candidate *candidate)
{
    CHECK((unsigned)candidate->type < 4 && (unsigned)candidate->tcptype < 4);
    writer_bytes(w, candidate->foundation);
    writer_format(w, " %u %s %lu ", candidate->component,
                  candidate->transport == ICE_TCP ? "tcp" : "udp",
                  (unsigned long)candidate->priority);
    writer_bytes(w, candidate->address);
    writer_format(w, " %u typ %s", candidate->port, type_names[candidate->type]);
    if (candidate->related_address.len > 0) {
        writer_text(w, " raddr ");
        writer_bytes(w, candidate->related_address);
        writer_format(w, " rport %u", candidate->related_port);
    }
    if (candidate->tcptype != ICE_TCP_NONE) {
        writer_format(w, " tcptype %s", tcptype_names[candidate->tcptype]);
    }
}

uint32_t ice_priority(uint8_t type_preference, uint16_t local_preference, uint16_t component)
{
    CHECK(type_preference <= 126 && component >= 1 && component <= 256);
    return ((uint32_t)type_preference << 24) + ((uint32_t)local_preference << 8) +
           (256u - component);
}

uint8_t ice_type_preference(enum ice_type type, enum ice_transport transport)
{
    static const uint8_t preferences[] = {126, 100, 110, 0};
    CHECK((unsigned)type < 4);
    uint8_t preference = preferences[type];
    return transport == ICE_TCP && preference >= 36 ? (uint8_t)(preference - 36) : preference;
}

uint16_t ice_tcp_local_preference(enum ice_tcptype tcptype, uint16_t other)
{
    /* RFC 6544 §4.2 for host candidates: active 6, passive 4, so 2; shifted by 13. */
    unsigned direction = tcptype == ICE_TCP_ACTIVE ? 6u : tcptype == ICE_TCP_PASSIVE ? 4u : 2u;
    return (uint16_t)((direction << 13) | (other & 0x1FFFu));
}
