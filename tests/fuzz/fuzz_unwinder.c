// SPDX-License-Identifier: MIT
//
// Any rules, on a stack of any words that changes between two walks: nothing
// outside the stack is read, and the stack that is found again from what was
// known is the one that a walk with nothing known finds.

#include "harness.h"

#include <string.h>

#include "platform/memory.h"
#include "unwind/unwinder.h"

#define WORDS 64u
#define FRAMES 24u // addresses that have a rule
#define SLOTS_SHIFT 10u
#define WALKS_MOST 24u
#define RUNS_PER_STORE 20000u

static struct ms_store store;
static struct ms_rules rules;
static struct ms_rule_table *table;
static struct ms_unwinder *knowing, *fresh;
static uint64_t *stack; // its end is the end of its memory

struct input {
    const uint8_t *p, *end;
};

static uint8_t byte(struct input *in)
{
    return in->p < in->end ? *in->p++ : 0;
}

static uint64_t address_of(unsigned frame)
{
    return 0x100 + frame * 16; // below every object
}

static uint64_t place(unsigned word)
{
    return (uint64_t)(uintptr_t)(stack + word % WORDS);
}

static struct ms_unwinder *unwinder(void)
{
    struct ms_unwinder *u =
        ms_unwinder_create(&store, &rules, (uint64_t)(uintptr_t)stack,
                           (uint64_t)(uintptr_t)(stack + WORDS));

    FUZZ_CHECK(u != NULL);
    return u;
}

static void prepare(void)
{
    static unsigned runs;
    size_t bytes = sizeof *table + sizeof(struct ms_rule_slot) * 1024;

    if (stack == NULL) {
        stack = malloc(WORDS * sizeof *stack);
        table = ms_memory_map(bytes);
        FUZZ_CHECK(stack != NULL && table != NULL);
        rules.table = table; // so large that it never grows
    }
    if (runs++ % RUNS_PER_STORE == 0) {
        if (store.header != NULL)
            ms_store_destroy(&store);
        ms_unwinder_destroy(knowing);
        ms_unwinder_destroy(fresh);
        FUZZ_CHECK(ms_store_create(&store, MS_BACKEND_LOCKFREE) == 0);
        knowing = unwinder();
        fresh = unwinder();
    }
    memset(table, 0, bytes);
    table->shift = 64 - SLOTS_SHIFT;
    table->mask = (1u << SLOTS_SHIFT) - 1;
    rules.generation++;
    knowing->memo.pass_over = knowing->memo.unmet = 0;
}

static void put(uint64_t address, ms_rule rule)
{
    uint32_t i = ms_rules_hash(table, address);

    while (table->slots[i].address != 0)
        i = (i + 1) & table->mask;
    table->slots[i].address = address;
    table->slots[i].rule = rule;
}

static void lay_rules(struct input *in)
{
    for (unsigned i = 0; i < FRAMES; i++) {
        uint8_t what = byte(in), cfa = byte(in), where = byte(in);
        enum ms_rule_kind kind = MS_RULE_UNKNOWN + what % 8;
        if (kind > MS_RULE_SIGNAL)
            kind = MS_RULE_FROM_SP;
        put(address_of(i),
            ms_rule_pack(kind, what / 8 % 3, (int8_t)(where << 4) / 16,
                         -(where >> 4), (int8_t)cfa));
    }
}

// A return address, a place on the stack, or anything.
static void lay_word(struct input *in, unsigned word)
{
    uint8_t what = byte(in), value = byte(in);

    if (what % 4 < 2)
        stack[word] = address_of(value % FRAMES);
    else if (what % 4 == 2)
        stack[word] = place(value) + (what & 0x80 ? what >> 4 & 7u : 0);
    else
        stack[word] = UINT64_C(0x0101010101010101) * value;
}

static void walk(struct input *in)
{
    struct ms_row_hint *hint;
    struct ms_frame from = {
        .pc = address_of(byte(in) % FRAMES),
        .sp = place(2 + byte(in) % (WORDS - 2)),
        .fp = place(byte(in)),
    };
    uint64_t *frame = (uint64_t *)(uintptr_t)from.sp - 2;

    frame[0] = from.fp;
    frame[1] = from.pc;
    struct ms_memo_entry *e = ms_unwinder_recognize(knowing, frame);
    uint32_t known =
        e != NULL ? e->node : ms_unwinder_stack(knowing, &from, &hint);
    fresh->generation--; // it forgets everything
    uint32_t found = ms_unwinder_stack(fresh, &from, &hint);
    FUZZ_CHECK(found != 0);
    FUZZ_CHECK(known == found);
    FUZZ_CHECK(store.nodes[found].address == from.pc ||
               store.nodes[found].parent != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, data + size};

    prepare();
    lay_rules(&in);
    for (unsigned i = 0; i < WORDS; i++)
        lay_word(&in, i);
    for (unsigned n = 0; n < WALKS_MOST && in.p < in.end; n++) {
        for (unsigned changes = byte(&in) % 4; changes > 0; changes--)
            lay_word(&in, byte(&in) % WORDS);
        walk(&in);
    }
    return 0;
}
