// SPDX-License-Identifier: MIT
//
// log: one line on stderr for what the user should know. Any thread. Other
// libraries' own messages do not get out.

#ifndef MS_SERVER_LOG_H
#define MS_SERVER_LOG_H

// ms_log_warning writes "memscope: ..." and a newline, in one write.
__attribute__((format(printf, 1, 2))) void ms_log_warning(const char *format,
                                                          ...);

#endif
