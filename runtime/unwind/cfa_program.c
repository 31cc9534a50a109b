// SPDX-License-Identifier: MIT
// See cfa_program.h for the contract.

#include "unwind/cfa_program.h"

#include "unwind/machine.h"

static void set_register(struct ms_cfa_program *p, uint64_t number,
                         enum ms_cfa_where where, int64_t offset)
{
    if (number == MS_DWARF_FP) {
        p->row.fp = where;
        p->row.fp_offset = offset;
    } else if (number == MS_DWARF_RA) {
        p->row.ra = where;
        p->row.ra_offset = offset;
    }
}

static void restore_register(struct ms_cfa_program *p, uint64_t number)
{
    if (number == MS_DWARF_FP)
        set_register(p, number, p->initial.fp, p->initial.fp_offset);
    else if (number == MS_DWARF_RA)
        set_register(p, number, p->initial.ra, p->initial.ra_offset);
}

static void advance(struct ms_cfa_program *p, uint64_t to)
{
    if (to > p->pc)
        p->done = true;
    else
        p->location = to;
}

// An expression that reads "fp + offset", with a load after it or without.
static bool is_fp_offset(struct ms_cursor e, bool with_load, int64_t *offset)
{
    bool is = ms_take(&e, 1) == 0x70 + MS_DWARF_FP; // DW_OP_bregN

    *offset = ms_take_sleb(&e);
    if (with_load)
        is = is && ms_take(&e, 1) == 0x06; // DW_OP_deref
    return is && !e.bad && e.at == e.end;
}

static struct ms_cursor take_expression(struct ms_cursor *c)
{
    uint64_t bytes = ms_take_uleb(c);
    struct ms_cursor e = {c->at, c->at, false};

    ms_skip(c, bytes);
    e.end = c->at;
    return e;
}

static void define_cfa(struct ms_cfa_program *p, uint64_t number,
                       int64_t offset)
{
    p->row.cfa = CFA_REGISTER;
    p->row.cfa_register = number;
    p->row.cfa_offset = offset;
}

// By the factor of the common part; damaged numbers wrap.
static int64_t scaled(const struct ms_cfa_program *p, uint64_t factored)
{
    return (int64_t)(factored * (uint64_t)p->data_align);
}

// The instructions that say where a register is.
static void run_register(struct ms_cfa_program *p, struct ms_cursor *c,
                         uint8_t op)
{
    struct ms_cursor e;
    int64_t offset;
    uint64_t number = ms_take_uleb(c);

    switch (op) {
    case 0x05: // offset_extended
        set_register(p, number, WHERE_OFFSET, scaled(p, ms_take_uleb(c)));
        break;
    case 0x06: // restore_extended
        restore_register(p, number);
        break;
    case 0x07: // undefined
        set_register(p, number, NOWHERE, 0);
        break;
    case 0x08: // same_value
        set_register(p, number, WHERE_SAME, 0);
        break;
    case 0x09: // register
        (void)ms_take_uleb(c);
        set_register(p, number, WHERE_UNKNOWN, 0);
        break;
    case 0x10: // expression
        e = take_expression(c);
        if (is_fp_offset(e, false, &offset))
            set_register(p, number, WHERE_FP_OFFSET, offset);
        else
            set_register(p, number, WHERE_UNKNOWN, 0);
        break;
    case 0x11: // offset_extended_sf
        set_register(p, number, WHERE_OFFSET,
                     scaled(p, (uint64_t)ms_take_sleb(c)));
        break;
    case 0x14: // val_offset
    case 0x15: // val_offset_sf: both are one number
        (void)ms_take_uleb(c);
        set_register(p, number, WHERE_UNKNOWN, 0);
        break;
    case 0x16: // val_expression
        (void)take_expression(c);
        set_register(p, number, WHERE_UNKNOWN, 0);
        break;
    default:
        c->bad = true;
    }
}

// The instructions that say where the CFA is.
static void run_cfa(struct ms_cfa_program *p, struct ms_cursor *c, uint8_t op)
{
    struct ms_cursor e;
    uint64_t number;

    switch (op) {
    case 0x0c: // def_cfa
        number = ms_take_uleb(c);
        define_cfa(p, number, (int64_t)ms_take_uleb(c));
        break;
    case 0x0d: // def_cfa_register
        define_cfa(p, ms_take_uleb(c), p->row.cfa_offset);
        break;
    case 0x0e: // def_cfa_offset
        p->row.cfa_offset = (int64_t)ms_take_uleb(c);
        break;
    case 0x0f: // def_cfa_expression
        e = take_expression(c);
        p->row.cfa =
            is_fp_offset(e, true, &p->row.cfa_offset) ? CFA_SLOT : CFA_UNKNOWN;
        break;
    case 0x12: // def_cfa_sf
        number = ms_take_uleb(c);
        define_cfa(p, number, scaled(p, (uint64_t)ms_take_sleb(c)));
        break;
    case 0x13: // def_cfa_offset_sf
        p->row.cfa_offset = scaled(p, (uint64_t)ms_take_sleb(c));
        break;
    default:
        c->bad = true;
    }
}

static void run_other(struct ms_cfa_program *p, struct ms_cursor *c, uint8_t op)
{
    switch (op) {
    case 0x00: // nop
        break;
    case 0x01: // set_loc
        advance(p, ms_take_pointer(c, p->pointer_encoding));
        break;
    case 0x02: // advance_loc1, 2, 4
        advance(p, p->location + ms_take(c, 1) * p->code_align);
        break;
    case 0x03:
        advance(p, p->location + ms_take(c, 2) * p->code_align);
        break;
    case 0x04:
        advance(p, p->location + ms_take(c, 4) * p->code_align);
        break;
    case 0x0a: // remember_state
        if (p->remembered_count == MS_CFA_REMEMBERED)
            c->bad = true;
        else
            p->remembered[p->remembered_count++] = p->row;
        break;
    case 0x0b: // restore_state
        if (p->remembered_count == 0)
            c->bad = true;
        else
            p->row = p->remembered[--p->remembered_count];
        break;
    case 0x2d: // GNU_window_save; on aarch64: the return address is signed
        break;
    case 0x2e: // GNU_args_size
        (void)ms_take_uleb(c);
        break;
    default:
        if (op >= 0x0c && op <= 0x13 && op != 0x10 && op != 0x11)
            run_cfa(p, c, op);
        else
            run_register(p, c, op);
    }
}

void ms_cfa_run(struct ms_cfa_program *p, struct ms_cursor *c)
{
    while (!p->done && !c->bad && c->at < c->end) {
        uint8_t op = (uint8_t)ms_take(c, 1), low = op & 63;
        switch (op & 0xc0) {
        case 0x40: // advance_loc
            advance(p, p->location + low * p->code_align);
            break;
        case 0x80: // offset
            set_register(p, low, WHERE_OFFSET, scaled(p, ms_take_uleb(c)));
            break;
        case 0xc0: // restore
            restore_register(p, low);
            break;
        default:
            run_other(p, c, op);
        }
    }
}

static bool words_fit(int64_t bytes)
{
    return bytes % 8 == 0 && bytes / 8 < MS_RULE_WORDS_LIMIT &&
           bytes / 8 >= -MS_RULE_WORDS_LIMIT;
}

ms_rule ms_cfa_rule(const struct ms_cfa_row *r)
{
    enum ms_rule_kind kind = MS_RULE_UNKNOWN;
    enum ms_rule_saved saved = MS_SAVED_NOT;
    int64_t fp = 0;

    if (r->ra == NOWHERE)
        return ms_rule_pack(MS_RULE_BOTTOM, MS_SAVED_NOT, 0, 0, 0);
    if (r->cfa == CFA_SLOT)
        kind = MS_RULE_FROM_SLOT;
    else if (r->cfa == CFA_REGISTER && r->cfa_register == MS_DWARF_SP)
        kind = MS_RULE_FROM_SP;
    else if (r->cfa == CFA_REGISTER && r->cfa_register == MS_DWARF_FP)
        kind = MS_RULE_FROM_FP;
    if (kind == MS_RULE_UNKNOWN || r->ra != WHERE_OFFSET ||
        !words_fit(r->ra_offset) || r->cfa_offset != (int32_t)r->cfa_offset)
        return ms_rule_pack(MS_RULE_UNKNOWN, MS_SAVED_NOT, 0, 0, 0);
    if (r->fp == WHERE_OFFSET || r->fp == WHERE_FP_OFFSET) {
        saved = r->fp == WHERE_OFFSET ? MS_SAVED_AT_CFA : MS_SAVED_AT_FP;
        fp = r->fp_offset;
    } else if (r->fp == WHERE_UNKNOWN) {
        return ms_rule_pack(MS_RULE_UNKNOWN, MS_SAVED_NOT, 0, 0, 0);
    } // NOWHERE: whoever needs it would have saved it
    if (!words_fit(fp))
        return ms_rule_pack(MS_RULE_UNKNOWN, MS_SAVED_NOT, 0, 0, 0);
    return ms_rule_pack(kind, saved, (int32_t)(fp / 8),
                        (int32_t)(r->ra_offset / 8), (int32_t)r->cfa_offset);
}
