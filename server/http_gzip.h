// SPDX-License-Identifier: MIT
//
// http_gzip: an answer's body, compressed while it is sent: quickly, and in
// some 50 KiB whatever its length. Dispatcher thread.

#ifndef MS_SERVER_HTTP_GZIP_H
#define MS_SERVER_HTTP_GZIP_H

#include <microhttpd.h>

// ms_http_gzip makes a response of what `read` gives, a reader as libmicrohttpd
// wants it (0: nothing yet). `done` frees `arg` when the response goes, also
// when NULL is returned, for want of memory.
struct MHD_Response *ms_http_gzip(MHD_ContentReaderCallback read, void *arg,
                                  MHD_ContentReaderFreeCallback done);

#endif
