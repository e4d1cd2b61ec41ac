/* Words of the store as the printed form has them, in Chinese with the English beside it, and times
 * of day as China has them. Pure; any thread. */
#ifndef GATEWAY_DOCUMENT_REPORT_WORDS_H
#define GATEWAY_DOCUMENT_REPORT_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum report_words {
    REPORT_SEX,
    REPORT_TITLE,
    REPORT_KIND,
    REPORT_URGENCY,
    REPORT_MODE,
    REPORT_CERTAINTY,
    REPORT_ADOPTED,
    REPORT_ID_TYPE,
    REPORT_VIEW
};

/* The Chinese word; the word itself when it is unknown, "" for NULL. */
const char *report_word(enum report_words table, const char *word);
/* "2026-09-21 14:05" in China Standard Time; "" for 0. */
void report_time(int64_t at_ms, char out[20]);

#endif
