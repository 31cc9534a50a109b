// SPDX-License-Identifier: MIT
//
// fields: writes a structure as JSON by the tables of snapshot/fields.h: what
// takes most of a large snapshot, without an object in between.

#ifndef MS_ENGINE_RENDER_FIELDS_H
#define MS_ENGINE_RENDER_FIELDS_H

#include "render/writer.h"
#include "snapshot/fields.h"

// ms_put_fields puts a row, with the lists that are in it.
void ms_put_fields(struct ms_writer_buffer *w,
                   const struct ms_field_table *table, const void *row);

#endif
