// SPDX-License-Identifier: MIT
//
// fold_table: fold.h for an address that the live index does not cover, be it
// too high, be it that there is no index but the live table. Out of line.

#ifndef MS_RUNTIME_STORE_FOLD_TABLE_H
#define MS_RUNTIME_STORE_FOLD_TABLE_H

#include "store/writer.h"

void ms_fold_allocation_uncovered(struct ms_writer *w, uint64_t address,
                                  uint64_t size, uint32_t stack,
                                  bool by_realloc);
struct ms_taken ms_fold_take_uncovered(struct ms_writer *w, uint64_t address);
void ms_fold_put_back_uncovered(struct ms_writer *w, uint64_t address,
                                const struct ms_taken *taken);

#endif
