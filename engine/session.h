// SPDX-License-Identifier: MIT
//
// session: one watched process image: its segment, model, history and
// snapshots' source. The collector thread feeds it; readers copy from it under
// its lock, which nobody holds across a system call that could wait.

#ifndef MS_ENGINE_SESSION_H
#define MS_ENGINE_SESSION_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "analysis/growth.h"
#include "analysis/leak_scan.h"
#include "engine/picture.h"
#include "expression.h"
#include "governor.h"
#include "history.h"
#include "mappings.h"
#include "model/model.h"
#include "past.h"
#include "platform/process_stats.h"
#include "reader.h"
#include "snapshot/triggers.h"
#include "symbols/symbols.h"

#define MS_STATS_KEPT 600u // ticks whose stats can still be asked for

struct ms_session_module {
    struct ms_module module;
    const char *path;     // interned
    const char *name;     // interned: its last part
    uint32_t symbols;     // number in ms_symbols
    uint64_t changed_seq; // tick at which it was loaded or unloaded
};

// A list of numbers that grows.
struct ms_list {
    uint32_t *items;
    size_t count, room;
};

// Rows that were on a dirty list.
struct ms_dirty {
    struct ms_list own, foreign;
};

struct ms_session {
    uint32_t id;
    uint32_t refs; // {engine lock}
    pid_t pid;
    char epoch[17];
    struct ms_symbols *symbols; // the engine's; NULL: without

    pthread_mutex_t lock;
    // {lock} from here on
    enum ms_session_state state;
    int wait_status;
    char end_reason[16];
    uint64_t seq;
    uint64_t end_uptime_ns;
    uint64_t end_ns; // monotonic: when it was found to have ended
    struct ms_reader reader;
    struct ms_model model;
    struct ms_mappings mappings;
    struct ms_history history;
    struct ms_past past;
    struct ms_growth growth;
    struct ms_session_scan scan;
    struct ms_stats *stats;          // ring of MS_STATS_KEPT, by seq
    struct ms_histograms histograms; // of the latest tick
    struct ms_session_module *modules;
    size_t module_count, module_room;
    struct ms_list unnamed; // sites (index) that wait for a name
    struct ms_list untyped; // stacks (index) that wait for a type
    uint32_t asked_stacks;  // all before this one have been put on that list
    struct ms_expressions expressions; // of windows
    bool names_wanted; // of all sites; else of some: ms_site.wanted
    uint64_t gone_ns;  // when the process was first found gone; 0: it was not
    struct ms_governor governor;
    struct ms_dirty fresh, carry; // rows: of this tick, of the last one
    struct ms_trigger_state triggers[MS_TRIGGERS];
    uint64_t moments_read; // snapshots asked for up to here were taken
    size_t placed_sites;   // sites whose module has been looked for

    // [collector]
    struct ms_process_stats *process; // NULL: cannot be asked
    struct ms_process_sample sample;
    struct ms_thread_sample *thread_samples;
    size_t thread_sample_count, thread_sample_room;
    uint64_t thread_sample_uptime_ns;
    uint64_t threads_running;
    uint64_t pss_bytes;
    uint64_t pss_ns;      // monotonic: when it was asked for last, or the start
    uint64_t pss_page_ns; // that it took for each page of the program
    bool rests;           // nobody looks
    uint64_t second_ns, trend_ns; // when these were last done
    uint64_t ticked_ns;           // uptime at the last tick
    uint64_t snapshots_wanted;    // by the program, as far as it was seen
};

// ms_session_open takes over a segment. It owns fd from here on.
enum memscope_status
ms_session_open(int fd, pid_t pid, uint32_t id, struct ms_symbols *symbols,
                uint64_t tick_ns, struct ms_session **out) MEMSCOPE_MUST_CHECK;
void ms_session_close(struct ms_session *s);

// ms_session_tick reads what has changed and publishes a new seq. [collector]
// Returns true when the process was found to have ended.
bool ms_session_tick(struct ms_session *s);

// ms_session_gone notes that the process has ended. ms_session_gone_ns gives
// when that was, if it has yet to be marked so; else 0.
void ms_session_gone(struct ms_session *s);
uint64_t ms_session_gone_ns(struct ms_session *s);

// ms_session_publish makes tick s->seq of what was read. {lock}
void ms_session_publish(struct ms_session *s);

// ms_session_finish reads everything once more, after the program's last
// event, and marks the session as ended. One that ended for unknown reasons
// takes the reason over. [collector's lock holder]
void ms_session_finish(struct ms_session *s, int wait_status,
                       const char *reason);

// ms_session_read_modules takes over the modules that were loaded or unloaded
// since it was called last. {lock}
void ms_session_read_modules(struct ms_session *s);

// ms_session_place_sites finds the modules of new sites and asks for their
// names. {lock}
void ms_session_place_sites(struct ms_session *s);

// ms_session_module_of is the module that an address lay in, the newest one
// there; NULL: none. {lock}
struct ms_session_module *ms_session_module_of(struct ms_session *s,
                                               uint64_t address);

// ms_session_frames gives the frames of a stack (a node, in its context or
// without), innermost first, and how many; ms_session_name_frame names one.
// True: all that can be known is. {lock}
size_t ms_session_frames(struct ms_session *s, uint32_t stack,
                         struct ms_leak_frame *frames, size_t room);
bool ms_session_name_frame(struct ms_session *s, struct ms_leak_frame *frame);

// ms_session_names asks for the names that are wanted and looks for those that
// have become known. {lock}. True when there were any.
bool ms_session_names(struct ms_session *s);

// ms_session_sample_threads asks the system for the threads (no lock);
// ms_session_update_threads takes its answer over {lock}.
void ms_session_sample_threads(struct ms_session *s);
void ms_session_update_threads(struct ms_session *s, double seconds);

// ms_session_book_mapping is told by the set of mappings what it gains. {lock}
ms_region_gain ms_session_book_mapping;

// ms_session_read_mappings takes over the maps and unmaps since the last tick,
// or all to the `last` one; ms_session_mapped sums them up. {lock}
void ms_session_read_mappings(struct ms_session *s, bool last);
void ms_session_mapped(struct ms_session *s, struct ms_mapped_stats *out);

void ms_session_info(struct ms_session *s, struct ms_session_info *out);
uint64_t ms_session_uptime_ns(const struct ms_session *s);
void ms_session_module_info(const struct ms_session *s,
                            const struct ms_session_module *from,
                            struct ms_module_info *out);
void ms_session_thread_row(const struct ms_session *s, uint32_t slot,
                           struct ms_thread_row *out);
// ms_session_site_numbers leaves out the trend, which takes the longest.
void ms_session_site_numbers(const struct ms_session *s, size_t site,
                             struct ms_site_row *out);
void ms_session_site_row(const struct ms_session *s, size_t site,
                         struct ms_site_row *out);

bool ms_list_add(struct ms_list *list, uint32_t item);

#endif
