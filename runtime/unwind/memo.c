// SPDX-License-Identifier: MIT
// See memo.h for the contract.

#include "unwind/memo.h"

#define JUDGED 1024u
#define WORDS_BYTES ((uint32_t)sizeof(struct ms_memo_words))

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

// The first place at which a stack that begins with `from` is not the entry's.
static int16_t first_difference(const struct ms_memo *m,
                                const struct ms_memo_entry *e,
                                const struct ms_frame *from)
{
    const struct ms_memo_words *w = ms_memo_words_at(m, e->words);
    const struct ms_memo_words *end = ms_memo_words_at(m, e->words_end);

    for (; w != end; w++)
        for (uint32_t i = 0; i < 4; i++)
            if (ms_memo_load(from->sp, w->places[i]) != w->values[i])
                return w->places[i];
    return MS_PLACE_FP;
}

// What the entry has at one of its places.
static uint64_t word_of(const struct ms_memo *m, const struct ms_memo_entry *e,
                        int16_t place)
{
    const struct ms_memo_words *w = ms_memo_words_at(m, e->words);
    const struct ms_memo_words *end = ms_memo_words_at(m, e->words_end);

    for (; w != end; w++)
        for (uint32_t i = 0; i < 4; i++)
            if (w->places[i] == place)
                return w->values[i];
    return e->at.fp;
}

static bool fill(struct ms_memo_words *w, uint64_t sp,
                 const uint64_t *addresses, const uint64_t *values,
                 uint32_t count)
{
    uint32_t n = 0;

    // From the inside out: so a place follows from the words before it.
    for (uint32_t i = count; i > 0; i--, n++) {
        int64_t words = (int64_t)(addresses[i - 1] - sp) / 8;
        if (words != (int16_t)words || words <= MS_PLACE_NONE)
            return false;
        w[n / 4].places[n % 4] = (int16_t)words;
        w[n / 4].values[n % 4] = values[i - 1];
    }
    for (; n % 4 != 0; n++) {
        w[n / 4].places[n % 4] = w[n / 4].places[n % 4 - 1];
        w[n / 4].values[n % 4] = w[n / 4].values[n % 4 - 1];
    }
    return true;
}

// Takes the slot of a way, or the older one of the pair.
static struct ms_memo_slot *take_slot(struct ms_memo *m, uint64_t hash)
{
    struct ms_memo_slot *s = ms_memo_slot(m, hash);

    if (s->tag != tag_of(hash)) {
        s[0] = s[-1];
        s--;
        s->tag = tag_of(hash);
    }
    return s;
}

static void lead(struct ms_memo *m, uint64_t hash,
                 const struct ms_memo_entry *e)
{
    struct ms_memo_slot *s = take_slot(m, hash);

    s->place = MS_PLACE_NONE;
    s->entry = (uint16_t)(e - m->entries);
}

// The way to where a stack is to be, on from where the search for it ended. At
// another that begins alike, both get a way on from there. 0: there are too
// many branches.
static uint64_t way(struct ms_memo *m, const struct ms_frame *from,
                    uint64_t low, uint64_t high)
{
    uint64_t hash = m->ended;

    for (uint32_t n = m->branches; n < MS_MEMO_BRANCHES; n++) {
        struct ms_memo_slot *s = ms_memo_slot(m, hash);
        if (s->tag != tag_of(hash))
            return hash;
        if (s->place == MS_PLACE_NONE) {
            const struct ms_memo_entry *e = &m->entries[s->entry];
            if (e->at.pc != from->pc || e->at.sp != from->sp)
                return hash; // it has been replaced
            s->place = first_difference(m, e, from);
            lead(m, ms_memo_hash(hash, word_of(m, e, s->place)), e);
            s = take_slot(m, hash); // it may have moved
        }
        uint64_t at = from->sp + (uint64_t)(int64_t)s->place * 8;
        if (s->place == MS_PLACE_FP)
            hash = ms_memo_hash(hash, from->fp);
        else if (at - low > high - 8 - low)
            return 0;
        else
            hash = ms_memo_hash(hash, ms_stack_load(at));
    }
    return 0;
}

static void drop_oldest(struct ms_memo *m)
{
    struct ms_memo_entry *e = &m->entries[m->oldest++ % MS_MEMO_ENTRIES];

    m->unmet += !e->met;
    e->at.pc = 0;
    if (m->oldest % JUDGED == 0) {
        m->pass_over = m->unmet > JUDGED / 4 * 3 ? 7 : 0;
        m->unmet = 0;
    }
}

// Makes room for an entry and its words.
static struct ms_memo_entry *take_entry(struct ms_memo *m, uint32_t groups)
{
    uint32_t from = m->next_words, begin = from;

    if (from + groups > MS_MEMO_WORDS)
        begin = 0;
    if (m->next - m->oldest == MS_MEMO_ENTRIES)
        drop_oldest(m);
    // The words of the oldest ones follow those of the newest one.
    while (m->oldest != m->next) {
        const struct ms_memo_entry *e =
            &m->entries[m->oldest % MS_MEMO_ENTRIES];
        uint32_t first = e->words / WORDS_BYTES;
        uint32_t end = e->words_end / WORDS_BYTES;
        bool skipped = begin < from && first >= from;
        bool before = end != first && end <= begin;
        if (!skipped && (before || first >= begin + groups))
            break;
        drop_oldest(m);
    }
    struct ms_memo_entry *e = &m->entries[m->next++ % MS_MEMO_ENTRIES];
    *e = (struct ms_memo_entry){.words = begin * WORDS_BYTES,
                                .words_end = (begin + groups) * WORDS_BYTES};
    m->next_words = begin + groups;
    return e;
}

struct ms_memo_entry *ms_memo_keep(struct ms_memo *m,
                                   const struct ms_frame *from, uint64_t low,
                                   uint64_t high, bool any_fp, uint32_t node,
                                   const uint64_t *addresses,
                                   const uint64_t *values, uint32_t count)
{
    uint32_t groups = (count + 3) / 4;

    if (groups > MS_MEMO_DEEPEST || m->ended == 0)
        return NULL;
    uint64_t hash = way(m, from, low, high);
    if (hash == 0)
        return NULL;
    struct ms_memo_entry *e = take_entry(m, groups);
    if (!fill(&m->words[e->words / WORDS_BYTES], from->sp, addresses, values,
              count))
        return NULL;
    e->at = *from;
    e->node = node;
    e->any_fp = any_fp;
    lead(m, hash, e);
    return e;
}

struct ms_memo_entry *ms_memo_recognize_far(struct ms_memo *m,
                                            const struct ms_frame *from,
                                            uint64_t low, uint64_t high)
{
    const uint16_t *next = ms_memo_last(m)->next;

    m->missed = false;
    for (uint32_t i = 1; i < MS_MEMO_NEXT; i++) {
        struct ms_memo_entry *e = &m->entries[next[i]];
        if (ms_memo_matches(m, e, *from)) {
            ms_memo_now(m, e);
            return e;
        }
    }
    if (from->sp < low || from->sp >= high)
        return NULL;
    struct ms_memo_entry *e = ms_memo_find(m, from, from->sp - 8, high);
    m->missed = e == NULL || !ms_memo_matches(m, e, *from);
    if (m->missed)
        return NULL;
    ms_memo_meet(m, ms_memo_recent(m, *from), e);
    return e;
}

void ms_memo_forget(struct ms_memo *m)
{
    m->missed = false;
    for (uint32_t i = m->oldest; i != m->next; i++)
        m->entries[i % MS_MEMO_ENTRIES].at.pc = 0;
}

void ms_memo_disown(struct ms_memo *m)
{
    for (uint32_t i = m->oldest; i != m->next; i++)
        m->entries[i % MS_MEMO_ENTRIES].hint = (struct ms_row_hint){0};
}
