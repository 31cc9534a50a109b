// SPDX-License-Identifier: MIT
//
// descriptors: file descriptors that are not the program's.

#ifndef MS_PLATFORM_DESCRIPTORS_H
#define MS_PLATFORM_DESCRIPTORS_H

// ms_descriptors_part gives the calling thread, and all threads that it
// starts, a table of descriptors of its own: with standard error and `keep`
// in it, and nothing else of the program's. What is opened there is seen by no
// other thread and inherited by no child of theirs, however it was forked, and
// what the program closes is closed. Returns 0, or an errno value where the
// system cannot do that; the table is then shared as before.
int ms_descriptors_part(int keep);

#endif
