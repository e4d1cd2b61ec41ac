#include "gateway/ctl/import_locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Walks over JSON that a parser has accepted; ends at the text's end whatever it holds. */
struct walk {
    const char *text;
    size_t len, at;
};

static char peek(struct walk *w)
{
    while (w->at < w->len && strchr(" \t\r\n", w->text[w->at]) != NULL && w->text[w->at] != '\0') {
        w->at++;
    }
    return w->at < w->len ? w->text[w->at] : '\0';
}

static void skip_string(struct walk *w)
{
    for (w->at++; w->at < w->len && w->text[w->at] != '"'; w->at++) {
        w->at += w->text[w->at] == '\\';
    }
    w->at++;
}

/* A value of any kind, without recursion. */
static void skip_value(struct walk *w)
{
    size_t depth = 0;
    do {
        char c = peek(w);
        if (c == '\0') {
            return;
        }
        if (c == '"') {
            skip_string(w);
        } else if (c == '{' || c == '[') {
            depth++;
            w->at++;
        } else if (c == '}' || c == ']') {
            depth -= depth > 0;
            w->at++;
        } else if (c == ',' || c == ':') {
            w->at++;
        } else {
            while (w->at < w->len && strchr(" \t\r\n,]}", w->text[w->at]) == NULL) {
                w->at++;
            }
        }
    } while (depth > 0);
}

/* The string at the present place against one token of the pointer. Escaped names are decoded by
 * nobody here: ours have none. */
static bool name_is(const struct walk *w, const char *token, size_t len)
{
    return w->at + len + 1 < w->len && memcmp(w->text + w->at + 1, token, len) == 0 &&
           w->text[w->at + len + 1] == '"';
}

static bool enter_member(struct walk *w, const char *token, size_t len)
{
    for (w->at++; peek(w) == '"';) {
        bool found = name_is(w, token, len);
        skip_string(w);
        if (peek(w) != ':') {
            return false;
        }
        w->at++;
        (void)peek(w);
        if (found) {
            return true;
        }
        skip_value(w);
        if (peek(w) == ',') {
            w->at++;
        }
    }
    return false;
}

static bool enter_item(struct walk *w, const char *token)
{
    unsigned long index = strtoul(token, NULL, 10);
    for (w->at++; index > 0; index--) {
        skip_value(w);
        if (peek(w) != ',') {
            return false;
        }
        w->at++;
    }
    return peek(w) != ']';
}

static void place(const struct walk *w, int *out_line, int *out_column)
{
    int line = 1;
    int column = 1;
    for (size_t i = 0; i < w->at && i < w->len; i++) {
        if (w->text[i] == '\n') {
            line++;
            column = 1;
        } else {
            column +=
                ((unsigned char)w->text[i] & 0xc0) != 0x80; /* characters, as an editor counts */
        }
    }
    *out_line = line;
    *out_column = column;
}

bool import_locate(const char *text, size_t len, const char *pointer, int *out_line,
                   int *out_column)
{
    struct walk w = {.text = text, .len = len};
    bool whole = true;
    while (*pointer == '/' && whole) {
        pointer++;
        size_t token_len = strcspn(pointer, "/");
        char c = peek(&w);
        struct walk before = w;
        whole =
            c == '{' ? enter_member(&w, pointer, token_len) : c == '[' && enter_item(&w, pointer);
        if (!whole) {
            w = before; /* a member that is missing: the object it is missing from */
        }
        pointer += token_len;
    }
    (void)peek(&w);
    place(&w, out_line, out_column);
    return whole;
}
