// SPDX-License-Identifier: MIT
//
// process_words: single words out of the memory of a process that runs on,
// this one or another. Any thread; never allocates. What cannot be read is
// left out.

#ifndef MS_PLATFORM_PROCESS_WORDS_H
#define MS_PLATFORM_PROCESS_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// ms_process_words reads the words at `count` addresses; words[i] is 0 where
// there is none to read. False: the process is gone, or not for us to read.
bool ms_process_words(pid_t pid, const uint64_t *addresses, size_t count,
                      uint64_t *words);

// ms_process_text reads a text up to its NUL; false: there is none, or it is
// longer than `room` allows.
bool ms_process_text(pid_t pid, uint64_t address, char *text, size_t room);

#endif
