#include "gateway/partnership/rules_words.h"

#include "proto/base/check.h"

#include <stdio.h>
#include <string.h>

static const char *const level_words[] = {"village", "township", "county",
                                          "city",    "province", NULL};
static const char *const mode_words[] = {"urban-group", "county-community", "specialty-alliance",
                                         "remote-network", NULL};
static const char *const type_words[] = {"close", "loose", NULL};
static const char *const kind_words[] = {"live", "read", "mdt", "teaching", NULL};
static const char *const act_words[] = {"consult", "see",    "refer-up", "refer-down",
                                        "teach",   "report", NULL};
static const char *const member_role_words[] = {"lead", "member", "hub", "spoke", NULL};

_Static_assert(sizeof level_words / sizeof level_words[0] == RULES_LEVEL_COUNT + 1,
               "a word for each level");
_Static_assert(sizeof mode_words / sizeof mode_words[0] == RULES_MODE_COUNT + 1,
               "a word for each mode");
_Static_assert(sizeof type_words / sizeof type_words[0] == RULES_TYPE_COUNT + 1,
               "a word for each type");
_Static_assert(sizeof kind_words / sizeof kind_words[0] == RULES_KIND_COUNT + 1,
               "a word for each kind");
_Static_assert(sizeof act_words / sizeof act_words[0] == RULES_ACT_COUNT + 1,
               "a word for each act");
_Static_assert(sizeof member_role_words / sizeof member_role_words[0] ==
                   RULES_MEMBER_ROLE_COUNT + 1,
               "a word for each role");

static const struct {
    const char *code, *zh, *en;
} refusals[] = {
    [RULES_ALLOWED] = {"rule.allowed", "允许。", "Allowed."},
#define RULE(name, code, zh, en) [RULES_##name] = {code, zh, en},
#include "gateway/partnership/rules.def"
#undef RULE
};

static int find(const char *const *words, const char *word)
{
    for (int i = 0; word != NULL && words[i] != NULL; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

const char *rules_code(enum rules_refusal refusal)
{
    CHECK((unsigned)refusal < RULES_REFUSAL_COUNT);
    return refusals[refusal].code;
}

const char *rules_sentence_zh(enum rules_refusal refusal)
{
    CHECK((unsigned)refusal < RULES_REFUSAL_COUNT);
    return refusals[refusal].zh;
}

const char *rules_sentence_en(enum rules_refusal refusal)
{
    CHECK((unsigned)refusal < RULES_REFUSAL_COUNT);
    return refusals[refusal].en;
}

#define FULL_STOP_ZH "。"

/* The sentence without its last character, which is always the full stop. */
static int stem(const char *sentence, const char *stop)
{
    size_t len = strlen(sentence);
    size_t stop_len = strlen(stop);
    bool ends = len >= stop_len && strcmp(sentence + len - stop_len, stop) == 0;
    return (int)(ends ? len - stop_len : len);
}

void rules_say(enum rules_refusal refusal, const struct rules_clause *clause,
               struct rules_sentence *out_sentence)
{
    const char *zh = rules_sentence_zh(refusal);
    const char *en = rules_sentence_en(refusal);
    if (clause == NULL) {
        (void)snprintf(out_sentence->zh, sizeof out_sentence->zh, "%s", zh);
        (void)snprintf(out_sentence->en, sizeof out_sentence->en, "%s", en);
        return;
    }
    (void)snprintf(out_sentence->zh, sizeof out_sentence->zh, "%.*s（协议第%.32s条）" FULL_STOP_ZH,
                   stem(zh, FULL_STOP_ZH), zh, clause->number);
    (void)snprintf(out_sentence->en, sizeof out_sentence->en,
                   "%.*s (clause %.32s of the agreement).", stem(en, "."), en, clause->number);
}

void rules_say_answer(const struct rules_answer *answer, struct rules_sentence *out_sentence)
{
    const struct rules_clause *clause = answer->refusal == RULES_ALLOWED && answer->route_count > 0
                                            ? answer->routes[0].clause
                                            : answer->refused.clause;
    rules_say(answer->refusal, clause, out_sentence);
}

bool rules_switched(const char *stored, const char *word, enum rules_type type)
{
    return stored != NULL ? strcmp(stored, word) == 0 : type == RULES_CLOSE;
}

bool rules_role_fits(enum rules_mode mode, enum rules_member_role role)
{
    bool network = mode == RULES_REMOTE_NETWORK;
    return role == RULES_LEAD ||
           (network ? role == RULES_HUB || role == RULES_SPOKE : role == RULES_MEMBER);
}

int rules_level_of(const char *word)
{
    return find(level_words, word);
}

int rules_mode_of(const char *word)
{
    return find(mode_words, word);
}

int rules_type_of(const char *word)
{
    return find(type_words, word);
}

int rules_kind_of(const char *word)
{
    return find(kind_words, word);
}

int rules_act_of(const char *word)
{
    return find(act_words, word);
}

int rules_member_role_of(const char *word)
{
    return find(member_role_words, word);
}

const char *rules_level_word(enum rules_level level)
{
    CHECK((unsigned)level < RULES_LEVEL_COUNT);
    return level_words[level];
}

const char *rules_mode_word(enum rules_mode mode)
{
    CHECK((unsigned)mode < RULES_MODE_COUNT);
    return mode_words[mode];
}

const char *rules_type_word(enum rules_type type)
{
    CHECK((unsigned)type < RULES_TYPE_COUNT);
    return type_words[type];
}

const char *rules_kind_word(enum rules_kind kind)
{
    CHECK((unsigned)kind < RULES_KIND_COUNT);
    return kind_words[kind];
}

const char *rules_act_word(enum rules_act act)
{
    CHECK((unsigned)act < RULES_ACT_COUNT);
    return act_words[act];
}

const char *rules_member_role_word(enum rules_member_role role)
{
    CHECK((unsigned)role < RULES_MEMBER_ROLE_COUNT);
    return member_role_words[role];
}

static int digits(const char *text, int count)
{
    int value = 0;
    for (int i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool rules_date_valid(const char *date)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date == NULL || strlen(date) != 10 || date[4] != '-' || date[7] != '-') {
        return false;
    }
    int year = digits(date, 4);
    int month = digits(date + 5, 2);
    int day = digits(date + 8, 2);
    if (year < 1900 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}
