// SPDX-License-Identifier: MIT
//
// memscope.h: the public API. Link with `pkg-config --libs memscope`.
//
//   function            thread  waits for            in a signal handler
//   memscope_start     any     the server to listen  no
//   memscope_stop      any     the server to end     no
//   memscope_url       any     nothing               yes
//   memscope_strerror  any     nothing               yes
//   memscope_version   any     nothing               yes
//
// A program that is linked with memscope is captured from its first malloc
// on; memscope_start opens the page. Nothing here ends the program: whatever
// fails is reported as a status, and the program runs on unwatched.
//
// memscope_annotate.h, included here, is what the program can say of its own
// memory; memscope_backend.h, how it can capture in a way of its own.

#ifndef MEMSCOPE_H
#define MEMSCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define MEMSCOPE_API __attribute__((visibility("default")))
#define MEMSCOPE_MUST_CHECK __attribute__((warn_unused_result))
#else
#define MEMSCOPE_API
#define MEMSCOPE_MUST_CHECK
#endif

// What a call came to. Every function that can fail returns one of these.
enum memscope_status {
    MEMSCOPE_OK = 0,
    MEMSCOPE_ERROR_ARGUMENT,    // an argument or option is out of range
    MEMSCOPE_ERROR_MEMORY,      // memory could not be had
    MEMSCOPE_ERROR_SYSTEM,      // the operating system refused; see the log
    MEMSCOPE_ERROR_PORT_TAKEN,  // the port that was asked for is in use
    MEMSCOPE_ERROR_FORMAT,      // foreign, damaged or truncated data
    MEMSCOPE_ERROR_NOT_FOUND,   // no such session, snapshot or moment
    MEMSCOPE_ERROR_LIMIT,       // a stated limit is reached
    MEMSCOPE_ERROR_STATE,       // not possible now: not started, or ended
    MEMSCOPE_ERROR_UNSUPPORTED, // not on this system
};

// memscope_options: how the page is served. Zero means the default, or what
// MEMSCOPE_BIND, MEMSCOPE_TOKEN_FILE, MEMSCOPE_UNIX, MEMSCOPE_ALLOW_HOSTS and
// MEMSCOPE_READ_ONLY say. Texts are borrowed for the call.
struct memscope_options {
    uint32_t size;    // sizeof(struct memscope_options), or 0
    uint16_t port;    // 0: 7070, or the next free one
    bool read_only;   // the page can change nothing
    const char *bind; // NULL: loopback, both families; or one address
    // NULL, or the name of a backend that the program has registered.
    const char *backend;
    // A file with the token that others than this user need: all of them, where
    // bind is not loopback. NULL: one is made then, and is in memscope_url.
    const char *token_file;
    // A Unix socket, in place of the port unless one or bind is given. NULL:
    // none
    const char *unix_path;
    // The names by which proxies are asked for the page, with commas, or NULL.
    const char *allow_hosts;
};

#ifndef MEMSCOPE_DISABLE
// memscope_start opens the page of this very program and serves it from threads
// of our own, whose memory appears in no number and whose descriptors no child
// inherits. It returns when the port listens. A second call returns MEMSCOPE_OK
// and changes nothing, as does a call in a program that already runs under
// `memscope run`. Returns MEMSCOPE_ERROR_PORT_TAKEN when a port was asked for
// and is in use, MEMSCOPE_ERROR_NOT_FOUND when options name a backend that is
// not registered, or MEMSCOPE_ERROR_STATE when this program could not be
// captured. A forked child has no page, but may open its own; it is captured
// from then on.
MEMSCOPE_API enum memscope_status
memscope_start(const struct memscope_options *options) MEMSCOPE_MUST_CHECK;

// memscope_stop closes the page: viewers are told, threads end, the port is
// free again. Capture goes on. Without a memscope_start it does nothing.
MEMSCOPE_API void memscope_stop(void);

// memscope_url is the page's address, or "" while there is none; with a token
// that was made for it, if there is one: not for everybody's eyes. The string
// stays valid and unchanged until the next memscope_stop.
MEMSCOPE_API const char *memscope_url(void);

// memscope_strerror says in English what a status means. Never NULL; the
// string is static.
MEMSCOPE_API const char *memscope_strerror(enum memscope_status status);

// memscope_version is the library's version, as "1.2.3". Static.
MEMSCOPE_API const char *memscope_version(void);
#endif

#include "memscope_annotate.h"
#include "memscope_backend.h"

#ifdef __cplusplus
}
#endif

#endif
