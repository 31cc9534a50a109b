// SPDX-License-Identifier: MIT
//
// sleeper: how a connection sleeps while its answer is made, and is woken: each
// once, in turn; never both at a time.

#ifndef MS_SERVER_SLEEPER_H
#define MS_SERVER_SLEEPER_H

struct ms_sleeper {
    void (*sleep)(void *arg); // dispatcher
    void (*wake)(void *arg);  // any thread
    void *arg;
};

#endif
