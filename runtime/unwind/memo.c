// SPDX-License-Identifier: MIT
// See memo.h for the contract.

#include "unwind/memo.h"

#define JUDGED_TRIES 4096u

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

static struct ms_memo_branch *branch_of(struct ms_memo *m, uint64_t hash)
{
    return &m->branches[hash & ((1u << MS_BRANCH_BITS) - 1)];
}

// The entry of a way, or the one of its set that is to make room for it.
static struct ms_memo_entry *entry_of(struct ms_memo *m, uint64_t hash)
{
    uint32_t first = (uint32_t)hash & ((1u << MS_MEMO_BITS) - MS_MEMO_SET);
    uint32_t i = first;

    while (i < first + MS_MEMO_SET && m->tags[i] != tag_of(hash))
        i++;
    if (ms_unlikely(i == first + MS_MEMO_SET))
        i = first + m->tries / 8 % MS_MEMO_SET;
    return &m->entries[i];
}

static uint32_t *tag_at(struct ms_memo *m, const struct ms_memo_entry *e)
{
    return &m->tags[e - m->entries];
}

struct ms_memo_place ms_memo_find(struct ms_memo *m,
                                  const struct ms_frame *from, uint64_t low,
                                  uint64_t high)
{
    uint64_t hash = ms_memo_hash(ms_memo_hash(0, from->pc), from->sp);
    unsigned passed = 0;

    for (; passed < MS_MEMO_BRANCHES; passed++) {
        const struct ms_memo_branch *b = branch_of(m, hash);
        if (b->tag != tag_of(hash))
            break;
        uint64_t word = from->fp;
        if (ms_likely(b->place != MS_PLACE_FP)) {
            uint64_t at = from->sp + (uint64_t)(int64_t)b->place * 8;
            // The tags of two ways may be the same.
            if (ms_unlikely(at < low || at > high - 8))
                break;
            word = ms_stack_load(at);
        }
        hash = ms_memo_hash(hash, word);
    }
    return (struct ms_memo_place){
        .entry = entry_of(m, hash),
        .hash = hash,
        .passed = passed,
    };
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

static bool fill(struct ms_memo_entry *e, uint64_t sp,
                 const uint64_t *addresses, const uint64_t *values,
                 uint32_t count)
{
    uint32_t n = 0;

    // From the inside out: so a place follows from the words before it.
    for (uint32_t i = count; i > 0; i--, n++) {
        int64_t words = (int64_t)(addresses[i - 1] - sp) / 8;
        if (words != (int16_t)words || words == MS_PLACE_FP)
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

// Where stacks hardly ever repeat, keeping each of them is work for nothing.
static void judge(struct ms_memo *m)
{
    m->pass_over = m->hits < JUDGED_TRIES / 4 ? 7 : 0;
    m->tries = m->hits = 0;
}

struct ms_memo_entry *ms_memo_keep(struct ms_memo *m,
                                   const struct ms_memo_place *place,
                                   const struct ms_frame *from, bool any_fp,
                                   uint32_t node, const uint64_t *addresses,
                                   const uint64_t *values, uint32_t count)
{
    struct ms_memo_entry *e = place->entry;
    uint64_t hash = place->hash;

    if (m->tries >= JUDGED_TRIES)
        judge(m);
    if (count > MS_MEMO_WORDS || (m->tries & m->pass_over) != 0)
        return NULL;
    if (*tag_at(m, e) == tag_of(hash) && ms_memo_begins(e, from) &&
        place->passed < MS_MEMO_BRANCHES) {
        // Both shall have a place. The other one comes to its own when it is
        // met next.
        int16_t differs = first_difference(e, from);
        *branch_of(m, hash) =
            (struct ms_memo_branch){.tag = tag_of(hash), .place = differs};
        hash = ms_memo_hash(hash, differs == MS_PLACE_FP
                                      ? from->fp
                                      : ms_memo_load(from->sp, differs));
        e = entry_of(m, hash);
    }
    e->at.pc = 0;
    if (!fill(e, from->sp, addresses, values, count))
        return NULL;
    e->at = *from;
    e->node = node;
    *tag_at(m, e) = tag_of(hash);
    e->any_fp = any_fp;
    e->hint = (struct ms_row_hint){0};
    return e;
}

void ms_memo_forget(struct ms_memo *m)
{
    for (uint32_t i = 0; i < 1u << MS_MEMO_BITS; i++)
        m->entries[i].at.pc = 0;
}
