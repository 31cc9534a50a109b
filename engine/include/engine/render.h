// SPDX-License-Identifier: MIT
//
// render: the engine's structures as JSON, with the field names of
// docs/PROTOCOL.md. Any thread; waits for nothing; everything returned belongs
// to the caller (json_decref). NULL means out of memory. What is not known is
// null; text that is no UTF-8 has U+FFFD in its place.

#ifndef MS_ENGINE_RENDER_H
#define MS_ENGINE_RENDER_H

#include <jansson.h>
#include <stddef.h>

#include "engine/analysis.h"
#include "engine/changes.h"
#include "engine/details.h"
#include "engine/engine.h"
#include "engine/flame.h"
#include "engine/matrix.h"
#include "engine/picture.h"
#include "engine/snapshot.h"

json_t *ms_render_u64(uint64_t value);  // UINT64_MAX: null
json_t *ms_render_double(double value); // NaN, infinite: null
json_t *ms_render_text(const char *text);
json_t *ms_render_address(uint64_t address);

json_t *ms_render_session(const struct ms_session_info *session);
json_t *ms_render_stats(const struct ms_stats *stats);
json_t *ms_render_thread(const struct ms_thread_row *row);
json_t *ms_render_site(const struct ms_site_row *row);
json_t *ms_render_module(const struct ms_module_info *module);
json_t *ms_render_mappings(const struct ms_mappings_picture *mappings);
json_t *ms_render_analyzer(const struct ms_analyzer *analyzer);
json_t *ms_render_analysis(const struct ms_analysis *analysis);
json_t *ms_render_fragmentation(const struct ms_fragmentation *f);
json_t *ms_render_leak_report(const struct ms_leak_report *report);
json_t *ms_render_histograms(const struct ms_histograms *h);
json_t *ms_render_snapshot_head(const struct ms_snapshot *snapshot);
json_t *ms_render_trend(const float trend[MS_TREND_POINTS]);
json_t *ms_render_sample(const struct ms_sample *sample); // an array
json_t *ms_render_sample_columns(void);
json_t *ms_render_matrix(const struct ms_matrix *matrix);
json_t *ms_render_thread_detail(const struct ms_detail *detail);

// A stream gives a long JSON text piece by piece, in bounded memory.
struct ms_render_stream;

// ms_render_snapshot streams a whole snapshot, which must be held until the
// stream is closed; ms_render_blocks the live blocks of a session.
struct ms_render_stream *ms_render_snapshot(const struct ms_snapshot *snapshot);
enum memscope_status
ms_render_blocks(struct ms_engine *engine, uint32_t session,
                 struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

// ms_render_changes streams what has changed since a tick (engine/changes.h).
enum memscope_status
ms_render_changes(struct ms_engine *engine, uint32_t session, const char *epoch,
                  uint64_t since,
                  struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

// ms_render_site_detail streams what is known of a site: the last thing in it
// is its oldest live block, for which all live blocks are walked over. With
// `when` what is known of it then (ms_engine_site_past).
struct ms_when;
enum memscope_status
ms_render_site_detail(struct ms_engine *engine, uint32_t session, uint32_t site,
                      const struct ms_when *when,
                      struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

// ms_render_report streams a page with a snapshot's JSON, packed, after its
// end: `page` is report.html as web/build.mjs makes it. Both must be held until
// the stream is closed. NULL: out of memory.
struct ms_render_stream *ms_render_report(const struct ms_snapshot *snapshot,
                                          const char *page, size_t bytes);

// ms_render_flame makes a flame graph and streams it.
enum memscope_status
ms_render_flame(struct ms_engine *engine, const struct ms_flame_order *order,
                struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

// ms_render_sites_csv streams all sites as CSV (RFC 4180), with a header line.
enum memscope_status
ms_render_sites_csv(struct ms_engine *engine, uint32_t session,
                    const struct ms_at *at,
                    struct ms_render_stream **out) MEMSCOPE_MUST_CHECK;

// ms_render_read fills up to `bytes` and returns how many; 0 is the end,
// SIZE_MAX says that memory ran out.
size_t ms_render_read(struct ms_render_stream *stream, char *text,
                      size_t bytes);
void ms_render_close(struct ms_render_stream *stream);

#endif
