// SPDX-License-Identifier: MIT
//
// symbols: names for addresses, found by elfutils on one thread of their own.
// Nobody waits: a lookup answers from what is known and otherwise puts the
// address on the queue. Answers are kept per module and address in the file,
// so that every session and every thread shares them.
//
//   function            thread     waits for                allocates
//   ms_symbols_create  any        the thread to start      yes
//   ms_symbols_destroy any        one lookup under way     no
//   ms_symbols_module  any        a short lock             yes
//   ms_symbols_lookup  any        a short lock             yes
//   ms_symbols_frames  any        a short lock             yes
//   ms_symbols_type    any        a short lock             yes
//   ms_symbols_names_file any     a short lock             no
//   ms_symbols_hurry   any        nothing                  no
//
// Strings live as long as the ms_symbols and never change.

#ifndef MS_ENGINE_SYMBOLS_SYMBOLS_H
#define MS_ENGINE_SYMBOLS_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <memscope.h>

struct ms_symbols;

struct ms_symbols_counts {
    uint64_t pending;
    uint64_t done;
    uint64_t memory_bytes; // of answers and strings, not of open files
    uint64_t cpu_ns;       // of the symbol thread
};

struct ms_symbol_module {
    const char *path; // as the program sees it; borrowed for the call
    pid_t pid;        // running process to look through (/proc/PID/root), or 0
    const uint8_t *build_id; // borrowed; NULL when unknown
    uint32_t build_id_bytes;
};

struct ms_symbol {
    const char *function; // never NULL; "module+0x1234" where there is no name
    const char *file;     // "" when unknown
    uint32_t line;        // 0 when unknown
};

// ms_symbols_create starts the symbol thread; `thread_start` (may be NULL) is
// called first on it.
enum memscope_status
ms_symbols_create(void (*thread_start)(void),
                  struct ms_symbols **out) MEMSCOPE_MUST_CHECK;

// ms_symbols_fetch: from now on, debug information that is not here is fetched
// from debuginfod servers (see fetch.h). Names of such a module come later;
// those of others do not wait. Before anything is looked up.
void ms_symbols_fetch(struct ms_symbols *symbols);
void ms_symbols_destroy(struct ms_symbols *symbols);

// ms_symbols_module gives the number (1, 2, ...) of a module; the same path
// and build-id give the same number. 0: out of memory.
uint32_t ms_symbols_module(struct ms_symbols *symbols,
                           const struct ms_symbol_module *module);

// ms_symbols_lookup names an address of a module's file. `address` is the
// return address minus the load bias; the call that it returns to is meant,
// so the byte before it is looked up. Returns false, and queues it, when the
// answer is not known yet; *out then holds "module+0x1234".
bool ms_symbols_lookup(struct ms_symbols *symbols, uint32_t module,
                       uint64_t address, struct ms_symbol *out);

// ms_symbols_frames is the same with all functions at the address: those that
// were inlined there, innermost first, and at last the one that they are part
// of. Up to `room` of them (the innermost), at least one; *count says how many.
// frames[0] is the answer of ms_symbols_lookup.
#define MS_SYMBOL_FRAMES 48u // there are never more
bool ms_symbols_frames(struct ms_symbols *symbols, uint32_t module,
                       uint64_t address, struct ms_symbol *frames, size_t room,
                       size_t *count);

// The type that debug information declares for what a call gives.
struct ms_symbol_type {
    const char *type;  // "" when none is declared
    const char *array; // of several in one block; "": they would be no array
    uint64_t bytes;    // of one; 0: none is declared
    bool handed_on;    // the function's caller knows
};

// ms_symbols_type is ms_symbols_lookup for the type (see declared.h). NULL: it
// is not known yet.
const struct ms_symbol_type *ms_symbols_type(struct ms_symbols *symbols,
                                             uint32_t module, uint64_t address);

// ms_symbol_type_of gives the type of a block of a size, "" when it is not of
// the declared one (NULL: none).
const char *ms_symbol_type_of(const struct ms_symbol_type *type,
                              uint64_t bytes);

// ms_symbol_type_of_sum does it for some blocks that may all be of it, by what
// they are together.
const char *ms_symbol_type_of_sum(const struct ms_symbol_type *type,
                                  uint64_t blocks, uint64_t bytes);

// ms_symbols_source says what names of a module come from: static.
//   "unknown"  nobody has asked for one yet
//   "debug"    debug information: functions, inlined ones, lines
//   "symbols"  the symbol table: functions only
//   "missing"  no file, or another one by now: module+0x... at best
//   "failed"   a file that could not be read
const char *ms_symbols_source(struct ms_symbols *symbols, uint32_t module);

// ms_symbols_names_file says whether an answer about this module has named the
// file. It looks through all answers.
bool ms_symbols_names_file(struct ms_symbols *symbols, uint32_t module,
                           const char *file);

// ms_symbols_hurry: from now on, files of debug information alone are not read
// for modules that nobody has asked about yet.
void ms_symbols_hurry(struct ms_symbols *symbols);

// ms_symbols_intern keeps one copy of a string.
const char *ms_symbols_intern(struct ms_symbols *symbols, const char *text);

void ms_symbols_counts(struct ms_symbols *symbols,
                       struct ms_symbols_counts *out);

#endif
