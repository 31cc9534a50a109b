// SPDX-License-Identifier: MIT
// See expression.h for the contract.

#include "expression.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/process_stats.h"

#define NAME_BYTES 1024u
#define REPEATS_MOST 256u            // all of them multiplied
#define AUTOMATON_BYTES (16u << 10)  // of text; each may add 6 KiB of state
#define TABLE_NS UINT64_C(100000000) // of CPU, for one table
#define REMEMBERED_LEAST 1024u

struct remembered {
    const char *text; // NULL: none
    bool matches;
};

struct ms_expression {
    char *filter;
    char *anchored; // what is compiled
    regex_t compiled;
    bool usable;
    size_t looked_at; // bytes, with this automaton
    uint64_t end_ns;  // of this table's time
    size_t left_out;  // names, of this table
    char trouble[MS_EXPRESSION_TROUBLE];
    struct remembered *known; // open addressing, half full at most
    size_t room, count;
};

bool ms_is_expression(const char *filter)
{
    size_t length = strlen(filter);

    return length > 2 && filter[0] == '/' && filter[length - 1] == '/';
}

// What would let a match, or the compiled form, grow beyond all bounds.
static const char *unbounded(const char *p)
{
    unsigned long repeats = 1;

    for (; *p != '\0'; p++) {
        if (*p == '\\') {
            if (p[1] >= '0' && p[1] <= '9')
                return "back references are not known here";
            p += p[1] != '\0';
        } else if (*p == '{') {
            unsigned long most = 1;
            for (const char *n = p + 1; *n != '\0' && *n != '}'; n++)
                if (*n >= '0' && *n <= '9' && (n[-1] < '0' || n[-1] > '9')) {
                    unsigned long one = strtoul(n, NULL, 10);
                    most = one > most ? one : most;
                }
            if (most > REPEATS_MOST || (repeats *= most) > REPEATS_MOST)
                return "it repeats too much: 256 times at most in all";
        }
    }
    return NULL;
}

// So that there is one place only to begin at: else each byte of a name would
// be one, and its length would count twice.
static char *anchor(const char *pattern)
{
    size_t bytes = strlen(pattern) + sizeof "^.*()";
    char *text = malloc(bytes);

    if (text != NULL)
        snprintf(text, bytes, "^.*(%s)", pattern);
    return text;
}

static int compile(regex_t *to, const char *pattern)
{
    return regcomp(to, pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB);
}

static void prepare(struct ms_expression *x, const char *pattern)
{
    const char *why = unbounded(pattern);
    regex_t alone;

    if (why != NULL) {
        snprintf(x->trouble, sizeof x->trouble, "%s", why);
        return;
    }
    int error = compile(&alone, pattern); // as it is, without what is around it
    if (error == 0) {
        regfree(&alone);
        error = compile(&x->compiled, x->anchored);
    }
    if (error != 0)
        regerror(error, NULL, x->trouble, sizeof x->trouble);
    x->usable = error == 0;
}

struct ms_expression *ms_expression_create(const char *filter)
{
    struct ms_expression *x = calloc(1, sizeof *x);
    char *pattern = strdup(filter + 1);

    if (x == NULL || pattern == NULL)
        goto fail;
    pattern[strlen(pattern) - 1] = '\0';
    x->filter = strdup(filter);
    x->anchored = anchor(pattern);
    if (x->filter == NULL || x->anchored == NULL)
        goto fail;
    prepare(x, pattern);
    free(pattern);
    ms_expression_begin(x);
    return x;

fail:
    free(pattern);
    if (x != NULL)
        ms_expression_destroy(x);
    return NULL;
}

void ms_expression_destroy(struct ms_expression *x)
{
    if (x->usable)
        regfree(&x->compiled);
    free(x->filter);
    free(x->anchored);
    free(x->known);
    free(x);
}

void ms_expression_begin(struct ms_expression *x)
{
    x->end_ns = ms_thread_cpu_ns() + TABLE_NS;
    x->left_out = 0;
    if (x->usable)
        x->trouble[0] = '\0';
}

static struct remembered *place_of(const struct remembered *known, size_t room,
                                   const char *text)
{
    size_t at =
        ((uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (room - 1);

    while (known[at].text != NULL && known[at].text != text)
        at = (at + 1) & (room - 1);
    return (struct remembered *)&known[at];
}

static void remember(struct ms_expression *x, const char *text, bool matches)
{
    if (2 * (x->count + 1) > x->room) {
        size_t room = x->room == 0 ? REMEMBERED_LEAST : 2 * x->room;
        struct remembered *known = calloc(room, sizeof *known);
        if (known == NULL)
            return; // it is looked at again
        for (size_t i = 0; i < x->room; i++)
            if (x->known[i].text != NULL)
                *place_of(known, room, x->known[i].text) = x->known[i];
        free(x->known);
        x->known = known;
        x->room = room;
    }
    *place_of(x->known, x->room, text) = (struct remembered){text, matches};
    x->count++;
}

static bool look(struct ms_expression *x, const char *text)
{
    size_t length = strnlen(text, NAME_BYTES);
    regmatch_t part = {.rm_so = 0, .rm_eo = (regoff_t)length};

    if (x->looked_at > AUTOMATON_BYTES) {
        regfree(&x->compiled);
        x->usable = compile(&x->compiled, x->anchored) == 0;
        x->looked_at = 0;
    }
    x->looked_at += length;
    return x->usable &&
           regexec(&x->compiled, text, 0, &part, REG_STARTEND) == 0;
}

bool ms_expression_matches(struct ms_expression *x, const char *text,
                           bool lasting)
{
    if (!x->usable)
        return false;
    if (lasting && x->room != 0) {
        const struct remembered *known = place_of(x->known, x->room, text);
        if (known->text != NULL)
            return known->matches;
    }
    if (x->left_out != 0 || ms_thread_cpu_ns() > x->end_ns) {
        x->left_out++;
        snprintf(x->trouble, sizeof x->trouble,
                 "it takes long: %zu names have not been looked at",
                 x->left_out);
        return false;
    }
    bool matches = look(x, text);
    if (lasting)
        remember(x, text, matches);
    return matches;
}

const char *ms_expression_trouble(const struct ms_expression *x)
{
    return x->trouble;
}

struct ms_expression *ms_expressions_find(struct ms_expressions *all,
                                          const char *filter)
{
    struct ms_expression *found = NULL;
    size_t at = 0;

    while (at < MS_EXPRESSIONS_KEPT && all->kept[at] != NULL &&
           strcmp(all->kept[at]->filter, filter) != 0)
        at++;
    if (at < MS_EXPRESSIONS_KEPT)
        found = all->kept[at];
    if (found == NULL)
        found = ms_expression_create(filter);
    else
        ms_expression_begin(found);
    if (found == NULL)
        return NULL;
    if (at == MS_EXPRESSIONS_KEPT)
        ms_expression_destroy(all->kept[--at]);
    memmove(&all->kept[1], &all->kept[0], at * sizeof *all->kept);
    all->kept[0] = found;
    return found;
}

void ms_expressions_fini(struct ms_expressions *all)
{
    for (size_t i = 0; i < MS_EXPRESSIONS_KEPT; i++)
        if (all->kept[i] != NULL)
            ms_expression_destroy(all->kept[i]);
}
