// SPDX-License-Identifier: MIT
// See memo.h for the contract.

#include "unwind/memo.h"

#define JUDGED 1024u

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

// The first place at which a stack that begins with `from` is not the entry's.
static int16_t first_difference(const struct ms_memo_entry *e,
                                const struct ms_frame *from)
{
    for (uint32_t i = 0; i < e->groups; i++)
        for (int k = 0; k < 4; k++)
            if (ms_memo_load(from->sp, e->words[i].places[k]) !=
                e->words[i].values[k])
                return e->words[i].places[k];
    return MS_PLACE_FP;
}

// What the entry has at one of its places.
static uint64_t word_of(const struct ms_memo_entry *e, int16_t place)
{
    for (uint32_t i = 0; i < e->groups; i++)
        for (int k = 0; k < 4; k++)
            if (e->words[i].places[k] == place)
                return e->words[i].values[k];
    return e->at.fp;
}

static bool fill(struct ms_memo_entry *e, uint64_t sp,
                 const uint64_t *addresses, const uint64_t *values,
                 uint32_t count)
{
    uint32_t n = 0;

    // From the inside out: so a place follows from the words before it.
    for (uint32_t i = count; i > 0; i--, n++) {
        int64_t words = (int64_t)(addresses[i - 1] - sp) / 8;
        if (words != (int16_t)words || words <= MS_PLACE_NONE)
            return false;
        e->words[n / 4].places[n % 4] = (int16_t)words;
        e->words[n / 4].values[n % 4] = values[i - 1];
    }
    for (; n % 4 != 0; n++) {
        e->words[n / 4].places[n % 4] = e->words[n / 4].places[n % 4 - 1];
        e->words[n / 4].values[n % 4] = e->words[n / 4].values[n % 4 - 1];
    }
    e->groups = (uint16_t)(n / 4);
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

// The way to where a stack is to be. At another that begins alike, both get a
// way on from there. 0: there are too many branches.
static uint64_t way(struct ms_memo *m, const struct ms_frame *from,
                    uint64_t low, uint64_t high)
{
    uint64_t hash = ms_memo_begin(from);

    for (unsigned n = 0; n < MS_MEMO_BRANCHES; n++) {
        struct ms_memo_slot *s = ms_memo_slot(m, hash);
        if (s->tag != tag_of(hash))
            return hash;
        if (s->place == MS_PLACE_NONE) {
            const struct ms_memo_entry *e = &m->entries[s->entry];
            if (e->at.pc != from->pc || e->at.sp != from->sp)
                return hash; // it has been replaced
            s->place = first_difference(e, from);
            lead(m, ms_memo_hash(hash, word_of(e, s->place)), e);
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

// Where stacks hardly ever repeat, keeping each of them is work for nothing.
static void judge(struct ms_memo *m, const struct ms_memo_entry *replaced)
{
    m->unmet += replaced->at.pc != 0 && !replaced->met;
    if (m->next % JUDGED == 0) {
        m->pass_over = m->unmet > JUDGED / 4 * 3 ? 7 : 0;
        m->unmet = 0;
    }
}

struct ms_memo_entry *ms_memo_keep(struct ms_memo *m,
                                   const struct ms_frame *from, uint64_t low,
                                   uint64_t high, bool any_fp, uint32_t node,
                                   const uint64_t *addresses,
                                   const uint64_t *values, uint32_t count)
{
    if (count > MS_MEMO_WORDS || (m->passed_over++ & m->pass_over) != 0)
        return NULL;
    uint64_t hash = way(m, from, low, high);
    if (hash == 0)
        return NULL;
    struct ms_memo_entry *e = &m->entries[m->next++ % MS_MEMO_ENTRIES];
    judge(m, e);
    e->at.pc = 0;
    if (!fill(e, from->sp, addresses, values, count))
        return NULL;
    e->at = *from;
    e->node = node;
    e->any_fp = any_fp;
    e->met = false;
    e->hint = (struct ms_row_hint){0};
    lead(m, hash, e);
    return e;
}

void ms_memo_forget(struct ms_memo *m)
{
    for (uint32_t i = 0; i < MS_MEMO_ENTRIES; i++)
        m->entries[i].at.pc = 0;
}
