// SPDX-License-Identifier: MIT
//
// symbols_private: what is known and asked of symbols, for those who ask
// (symbols.c) and for the thread that answers (answering.c).

#ifndef MS_ENGINE_SYMBOLS_SYMBOLS_PRIVATE_H
#define MS_ENGINE_SYMBOLS_SYMBOLS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "symbols/answers.h"
#include "symbols/fetch.h"
#include "symbols/namer.h"
#include "symbols/strings.h"
#include "symbols/symbols.h"

struct ms_symbols_file {
    const char *path; // kept
    const char *name; // kept: its last part
    pid_t pid;
    uint8_t build_id[MS_BUILD_ID_BYTES];
    uint32_t build_id_bytes;
    bool tried, separate;        // [symbol thread]
    bool asked, away;            // [symbol thread] from afar; not yet there
    const char *fetched;         // [symbol thread] kept
    enum ms_names_source source; // {lock}
};

_Static_assert(MS_SYMBOL_FRAMES == MS_DWARF_FRAMES, "all fit");

struct ms_symbols {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    void (*thread_start)(void);
    _Atomic bool hurry, fetching;
    // {lock} from here on
    bool stopping;
    struct ms_symbols_file **modules;
    size_t module_count, module_room;
    struct ms_answers answers;
    struct ms_strings strings;
    uint64_t cpu_ns;
    // [symbol thread]
    struct ms_namer *namer;
    struct ms_fetch *fetch; // NULL: nothing is fetched
    uint64_t batch[MS_NAMER_BATCH];
    struct ms_names names;
    struct ms_declared types[MS_NAMER_BATCH];
};

// ms_symbols_answer is the symbol thread; its argument is a struct ms_symbols.
void *ms_symbols_answer(void *arg);

#endif
