// SPDX-License-Identifier: MIT
//
// Text of /proc as programs with odd names make it; messages with a descriptor.

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "linux/proc_text.h"
#include "platform/ipc.h"

static void name_may_look_like_the_rest_of_the_line(void **state)
{
    (void)state;
    static const char line[] = "77 (a) R (b) S 5 -1 13 4711";
    uint64_t field[4];
    char kind, name[17];

    assert_true(ms_proc_stat(line, &kind, field, 4));
    assert_int_equal(kind, 'S');
    assert_int_equal(field[0], 5);
    assert_int_equal(field[1], (uint64_t)-1);
    assert_int_equal(field[3], 4711);
    ms_proc_stat_name(line, name);
    assert_string_equal(name, "a) R (b");
    ms_proc_stat_name("1 (0123456789abcdefXYZ) R", name);
    assert_string_equal(name, "0123456789abcdef");
    ms_proc_stat_name("1 )( R", name);
    assert_string_equal(name, "");
}

static void line_that_is_cut_is_no_line(void **state)
{
    (void)state;
    uint64_t field[3];
    char kind;
    static const char *const bad[] = {
        "",        "77",       "77 (a",        "77 (a)",
        "77 (a) ", "77 (a) R", "77 (a) R 1 2", "7 (a)R 1 2 3"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ms_proc_stat(bad[i], &kind, field, 3));
    assert_true(ms_proc_stat("77 (a) R 1 2 3", &kind, field, 3));
}

static void key_is_found_at_the_beginning_of_a_line(void **state)
{
    (void)state;
    static const char text[] = "XPss: 1 kB\nPss:\t  77 kB\nPss_Anon: 5 kB\n";

    assert_int_equal(ms_proc_kib(text, "Pss:"), 77 * 1024);
    assert_true(ms_proc_kib(text, "Swap:") == UINT64_MAX);
    assert_true(ms_proc_kib("", "Pss:") == UINT64_MAX);
}

static int descriptors(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static char name[64];
static int listener;

static int open_listener(void **state)
{
    (void)state;
    snprintf(name, sizeof name, "@memscope-test-%d", (int)getpid());
    return ms_ipc_listen(name, &listener);
}

static int close_listener(void **state)
{
    (void)state;
    close(listener);
    return 0;
}

static int connect_raw(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int s = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    memcpy(a.sun_path + 1, name + 1, strlen(name) - 1);
    socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(connect(s, (struct sockaddr *)&a, length), 0);
    return s;
}

// Sends `bytes` bytes with `count` descriptors, by hand.
static void send_raw(size_t bytes, size_t count)
{
    char text[64] = {0};
    union {
        struct cmsghdr head;
        char space[CMSG_SPACE(5 * sizeof(int))];
    } control = {.space = {0}};
    struct iovec part = {text, bytes};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    int s = connect_raw();

    if (count != 0) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(c) + i * sizeof(int), &s, sizeof s);
    }
    assert_int_equal(sendmsg(s, &m, 0), bytes);
    close(s);
}

static int receive(int *fd)
{
    char text[8];
    pid_t pid;
    uid_t uid;
    int sender;
    int error = ms_ipc_accept(listener, &sender, &pid, &uid);

    if (error != 0)
        return error;
    error = ms_ipc_receive_fd(sender, text, sizeof text, fd);
    close(sender);
    return error;
}

static void message_arrives_with_its_descriptor(void **state)
{
    (void)state;
    char text[8] = "";
    pid_t pid = 0;
    uid_t uid = (uid_t)-1;
    int fd = -1, sender;

    assert_int_equal(receive(&fd), EAGAIN);
    assert_int_equal(ms_ipc_send_fd(name, "sevenup", 8, listener), 0);
    assert_int_equal(ms_ipc_accept(listener, &sender, &pid, &uid), 0);
    assert_int_equal(ms_ipc_receive_fd(sender, text, sizeof text, &fd), 0);
    close(sender);
    assert_string_equal(text, "sevenup");
    assert_int_equal(uid, getuid());
    assert_int_equal(pid, getpid());
    assert_true(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
    close(fd);
    assert_int_equal(ms_ipc_send_fd("@memscope-nobody", "x", 1, 0),
                     ECONNREFUSED);
}

static void a_sender_may_take_its_time(void **state)
{
    (void)state;
    char text[8];
    pid_t pid;
    uid_t uid;
    int fd, sender, s = connect_raw();

    assert_int_equal(ms_ipc_accept(listener, &sender, &pid, &uid), 0);
    assert_int_equal(ms_ipc_receive_fd(sender, text, sizeof text, &fd), EAGAIN);
    close(s);
    assert_int_equal(ms_ipc_receive_fd(sender, text, sizeof text, &fd), EPROTO);
    close(sender);
}

static void bad_message_leaves_no_descriptor_behind(void **state)
{
    (void)state;
    int before = descriptors(), fd = -1;
    static const size_t bytes[] = {8, 7, 9, 8, 8, 8};
    static const size_t count[] = {0, 1, 1, 2, 5, 3};

    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        send_raw(bytes[i], count[i]);
        assert_int_equal(receive(&fd), EPROTO);
        assert_int_equal(descriptors(), before);
    }
}

int main(void)
{
#define CASE(f)                                                                \
    cmocka_unit_test_setup_teardown(f, open_listener, close_listener)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_may_look_like_the_rest_of_the_line),
        cmocka_unit_test(line_that_is_cut_is_no_line),
        cmocka_unit_test(key_is_found_at_the_beginning_of_a_line),
        CASE(message_arrives_with_its_descriptor),
        CASE(a_sender_may_take_its_time),
        CASE(bad_message_leaves_no_descriptor_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
