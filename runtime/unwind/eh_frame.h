// SPDX-License-Identifier: MIT
//
// eh_frame: reads the rule of an address out of an object's .eh_frame, as the
// compiler wrote it there for exceptions. Pure: it reads the given bytes and
// nothing else, and trusts none of them. Any thread; async-signal-safe; no
// allocation. About a microsecond per rule: rules.h keeps what it found.

#ifndef MS_RUNTIME_UNWIND_EH_FRAME_H
#define MS_RUNTIME_UNWIND_EH_FRAME_H

#include <stdint.h>

#include "unwind/rule.h"

// Where the tables are. All of it is readable while the object is loaded.
struct ms_eh_table {
    const uint8_t *begin, *end; // bytes that may be read
    const uint8_t *header;      // .eh_frame_hdr, between the two
};

// ms_eh_frame_rule gives the rule of the instruction at `pc`. For a caller
// that is the return address less one. MS_RULE_UNKNOWN: there is none, it is
// damaged, or it says something that no rule can hold.
ms_rule ms_eh_frame_rule(const struct ms_eh_table *table, uint64_t pc);

#endif
