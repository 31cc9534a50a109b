// SPDX-License-Identifier: MIT
//
// queue: the producer allocates messages, the consumer frees them: memory
// that dies on another thread than it was born on. The queue is bounded; who
// finds it full or empty tries again later.

#include "demo.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 64u
#define MESSAGE_BYTES 256u
#define MESSAGES_PER_STEP 10u
#define STEPS 100u
#define LEFT_OVER 20u // messages that steps mode leaves in the queue
#define PERIOD_MS 20u

static struct demo_counts counts;
const struct demo_purpose demo_queue = {"queue", "message_create", &counts};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static void *messages[CAPACITY]; // {lock}
static unsigned head, tail;      // {lock} tail - head messages wait
static bool closed;              // {lock} the program stops

static void *message_create(void)
{
    void *message = malloc(MESSAGE_BYTES);

    demo_allocated(&counts, message, MESSAGE_BYTES);
    return memset(message, 'm', MESSAGE_BYTES);
}

static void message_destroy(void *message)
{
    free(demo_freed(&counts, message, MESSAGE_BYTES));
}

// Waits while the queue is full; false when the program stops meanwhile.
static bool queue_push(void *message)
{
    pthread_mutex_lock(&lock);
    while (tail - head == CAPACITY && !closed)
        pthread_cond_wait(&moved, &lock);
    bool pushed = tail - head < CAPACITY;
    if (pushed)
        messages[tail++ % CAPACITY] = message;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    return pushed;
}

// Waits while the queue is empty; NULL when it is and the program stops.
static void *queue_pop(void)
{
    void *message = NULL;

    pthread_mutex_lock(&lock);
    while (tail == head && !closed)
        pthread_cond_wait(&moved, &lock);
    if (tail != head)
        message = messages[head++ % CAPACITY];
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
    return message;
}

static void queue_close(void)
{
    pthread_mutex_lock(&lock);
    closed = true;
    pthread_cond_broadcast(&moved);
    pthread_mutex_unlock(&lock);
}

void *producer_main(void *unused)
{
    for (unsigned step = 0; demo_step(step, STEPS, PERIOD_MS); step++) {
        for (unsigned i = 0; i < MESSAGES_PER_STEP; i++) {
            void *message = message_create();
            if (!queue_push(message))
                message_destroy(message);
        }
    }
    demo_finish();
    queue_close();
    return unused;
}

void *consumer_main(void *unused)
{
    const unsigned all = STEPS * MESSAGES_PER_STEP;
    void *message;

    for (unsigned n = 0; demo_step(n, all - LEFT_OVER, 0); n++) {
        message = queue_pop();
        if (message == NULL)
            break;
        message_destroy(message);
    }
    demo_finish();
    while ((message = queue_pop()) != NULL)
        message_destroy(message);
    return unused;
}
