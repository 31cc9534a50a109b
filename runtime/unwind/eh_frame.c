// SPDX-License-Identifier: MIT
// See eh_frame.h for the contract.
//
// .eh_frame_hdr is a sorted table (address, frame description); a description
// (FDE) names its common part (CIE) and adds a small program that says, for
// growing addresses, how registers are found. The program is run up to the
// address that is asked for.

#include "unwind/eh_frame.h"

#include <string.h>

#include "unwind/cfa_program.h"
#include "unwind/machine.h"

#define UNKNOWN ms_rule_pack(MS_RULE_UNKNOWN, MS_SAVED_NOT, 0, 0, 0)

// Where a description begins, or NULL.
static const uint8_t *find_fde(const struct ms_eh_table *t, uint64_t pc)
{
    struct ms_cursor c = {t->header, t->end, false};

    if (t->header < t->begin || t->header >= t->end || ms_take(&c, 1) != 1)
        return NULL;
    uint8_t frame_encoding = (uint8_t)ms_take(&c, 1);
    uint8_t count_encoding = (uint8_t)ms_take(&c, 1);
    if (ms_take(&c, 1) != 0x3b) // words of 4 bytes, relative to the header
        return NULL;
    (void)ms_take_pointer(&c, frame_encoding);
    uint64_t count = ms_take_pointer(&c, count_encoding);
    if (c.bad || count == 0 || count > (uint64_t)(c.end - c.at) / 8)
        return NULL;
    int64_t wanted = (int64_t)(pc - (uint64_t)(uintptr_t)t->header);
    uint64_t low = 0, high = count;
    int32_t entry[2];
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        memcpy(entry, c.at + middle * 8, sizeof entry);
        if (entry[0] <= wanted)
            low = middle;
        else
            high = middle;
    }
    memcpy(entry, c.at + low * 8, sizeof entry);
    int64_t offset = entry[1];
    if (entry[0] > wanted || offset < t->begin - t->header ||
        offset >= t->end - t->header)
        return NULL;
    return t->header + offset;
}

// The common part: fills the program's constants and gives its instructions.
static struct ms_cursor read_cie(struct ms_cfa_program *p,
                                 const struct ms_eh_table *t,
                                 const uint8_t *cie)
{
    struct ms_cursor c = {cie, t->end, false};
    char augmentation[8] = "";

    if (cie < t->begin || cie >= t->end)
        c.bad = true;
    uint64_t length = ms_take(&c, 4);
    if (!c.bad && length > (uint64_t)(c.end - c.at))
        c.bad = true;
    else
        c.end = c.bad ? c.at : c.at + length;
    (void)ms_take(&c, 4); // its number
    uint64_t version = ms_take(&c, 1);
    for (size_t i = 0;; i++) {
        char letter = (char)ms_take(&c, 1);
        if (letter == '\0' || c.bad)
            break;
        if (i + 1 >= sizeof augmentation)
            c.bad = true;
        else
            augmentation[i] = letter;
    }
    p->code_align = ms_take_uleb(&c);
    p->data_align = ms_take_sleb(&c);
    uint64_t return_column = version == 1 ? ms_take(&c, 1) : ms_take_uleb(&c);
    if ((version != 1 && version != 3) || return_column != MS_DWARF_RA)
        c.bad = true;
    p->has_augmentation = augmentation[0] == 'z';
    if (augmentation[0] != '\0' && !p->has_augmentation)
        c.bad = true;
    if (!p->has_augmentation)
        return c;
    uint64_t bytes = ms_take_uleb(&c);
    struct ms_cursor a = c;
    ms_skip(&c, bytes);
    for (const char *letter = augmentation + 1; *letter != '\0'; letter++) {
        if (*letter == 'R')
            p->pointer_encoding = (uint8_t)ms_take(&a, 1);
        else if (*letter == 'L')
            (void)ms_take(&a, 1);
        else if (*letter == 'P')
            (void)ms_take_pointer(&a, (uint8_t)ms_take(&a, 1) & 0x1f);
        else if (*letter == 'S')
            p->signal_frame = true;
    }
    c.bad = c.bad || a.bad;
    return c;
}

ms_rule ms_eh_frame_rule(const struct ms_eh_table *table, uint64_t pc)
{
    struct ms_cfa_program p = {.pc = pc};
    const uint8_t *fde = find_fde(table, pc);

    if (fde == NULL)
        return UNKNOWN;
    struct ms_cursor c = {fde, table->end, false};
    uint64_t length = ms_take(&c, 4);
    // 0 ends the section; larger ones would be of the 64-bit format.
    if (c.bad || length == 0 || length > (uint64_t)(c.end - c.at))
        return UNKNOWN;
    c.end = c.at + length;
    const uint8_t *here = c.at;
    uint64_t back = ms_take(&c, 4);
    if (c.bad || back == 0 || back > (uint64_t)(here - table->begin))
        return UNKNOWN;
    struct ms_cursor common = read_cie(&p, table, here - back);
    uint64_t first = ms_take_pointer(&c, p.pointer_encoding);
    uint64_t range = ms_take_pointer(&c, p.pointer_encoding & 15);
    if (p.has_augmentation)
        ms_skip(&c, ms_take_uleb(&c));
    if (c.bad || common.bad || pc - first >= range)
        return UNKNOWN;
    if (p.signal_frame)
        return ms_rule_pack(MS_RULE_SIGNAL, MS_SAVED_NOT, 0, 0, 0);
    p.location = first;
    p.row = (struct ms_cfa_row){.cfa = CFA_UNKNOWN};
    ms_cfa_run(&p, &common);
    p.initial = p.row;
    p.done = false;
    p.location = first;
    ms_cfa_run(&p, &c);
    return c.bad || common.bad ? UNKNOWN : ms_cfa_rule(&p.row);
}
