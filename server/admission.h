// SPDX-License-Identifier: MIT
//
// admission: what access.h decides by, made of the server's options: the token
// and whether there is one, the names, the kernel's word.

#ifndef MS_SERVER_ADMISSION_H
#define MS_SERVER_ADMISSION_H

#include "server_private.h"

// ms_admission_check says what is wrong with the options, if anything.
enum memscope_status
ms_admission_check(const struct ms_server_options *options,
                   char why[MS_SERVER_WHY_BYTES]) MEMSCOPE_MUST_CHECK;

// ms_admission_prepare fills access, peers and the URLs of a server that
// listens. Where the kernel does not say whose a connection is, all need the
// token.
enum memscope_status
ms_admission_prepare(struct ms_server *server,
                     char why[MS_SERVER_WHY_BYTES]) MEMSCOPE_MUST_CHECK;
void ms_admission_end(struct ms_server *server);

#endif
