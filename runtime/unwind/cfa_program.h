// SPDX-License-Identifier: MIT
//
// cfa_program: the little program in a frame description that says, for growing
// addresses, where the CFA and the saved registers are. Only the registers
// that unwinding needs are followed. Pure; bounded by its instructions' bytes.

#ifndef MS_RUNTIME_UNWIND_CFA_PROGRAM_H
#define MS_RUNTIME_UNWIND_CFA_PROGRAM_H

#include "unwind/cursor.h"
#include "unwind/rule.h"

#define MS_CFA_REMEMBERED 16u // nested DW_CFA_remember_state

enum ms_cfa_where {
    WHERE_SAME,
    WHERE_OFFSET,
    WHERE_FP_OFFSET,
    WHERE_UNKNOWN,
    NOWHERE
};

// The row of the table that the program is at.
struct ms_cfa_row {
    uint64_t cfa_register;
    int64_t cfa_offset;
    enum { CFA_REGISTER, CFA_SLOT, CFA_UNKNOWN } cfa;
    enum ms_cfa_where fp, ra;
    int64_t fp_offset, ra_offset;
};

struct ms_cfa_program {
    uint64_t pc; // wanted
    uint64_t location;
    uint64_t code_align;
    int64_t data_align;
    uint8_t pointer_encoding;
    bool signal_frame, has_augmentation;
    bool done; // the row of pc has been reached
    struct ms_cfa_row row, initial, remembered[MS_CFA_REMEMBERED];
    unsigned remembered_count;
};

// ms_cfa_run runs instructions until they are past p->pc, or end. A damaged one
// sets c->bad.
void ms_cfa_run(struct ms_cfa_program *p, struct ms_cursor *c);

// ms_cfa_rule packs the row that was reached; MS_RULE_UNKNOWN if no rule can
// hold what it says.
ms_rule ms_cfa_rule(const struct ms_cfa_row *row);

#endif
