#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every process of a tree is a session of its own on one page, however it was
started, and none of them touches another's numbers."""

import contextlib
import ctypes
import json
import os
import pathlib
import signal
import time

from hazard import EXACT, Hazard
from memscope_test import Memscope, main, run_bare, target, wait_until

CHILDREN = target("children")


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207
WALL = 0x40000000  # a thread that is no child of its own


@contextlib.contextmanager
def thread_stopped(pid, name):
    """One thread of a process stands still meanwhile."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p,
                            ctypes.c_void_p]
    tid = next(int(task.parent.name)
               for task in pathlib.Path("/proc/%d/task" % pid).glob("*/comm")
               if task.read_text("ascii").strip() == name)
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(tid, WALL)
    try:
        yield
    finally:
        libc.ptrace(PTRACE_DETACH, tid, None, None)


class ProcessTree(Hazard):

    def sums(self, memscope, function, count):
        """What each session that has a function allocated there, once there
        are `count` of them."""
        def found():
            result = []
            for session in memscope.get("/sessions")["sessions"]:
                rows = memscope.get("/sites", limit=1000,
                                    session=session["id"])["rows"]
                blocks = sum(row["alloc_count"] for row in rows
                             if row["function"] == function)
                if blocks != 0:
                    result.append((session["pid"], blocks))
            return result if len(result) == count else None
        return wait_until("%d sessions with %s" % (count, function), found)

    def check_children(self, how, function, children, blocks):
        """The parent's numbers are exact, and so are those of each child."""
        def check(memscope):
            for pid, found in self.sums(memscope, function, children):
                self.assertEqual(found, blocks, pid)
            stated.update(memscope.picture().sum(["parent_allocate"]))
        stated = {}
        code, _, _ = run_bare([CHILDREN, how])
        self.assertEqual(code, 0)
        text, _ = self.picture_of([CHILDREN, how], 0, check=check)
        self.assert_counts(stated, json.loads(text.splitlines()[-1]), EXACT)

    def test_forks_while_threads_allocate_leave_the_parents_numbers_exact(self):
        self.exact([CHILDREN, "busy"], same=False)

    def test_fork_behind_libcs_back(self):
        self.check_children("raw_fork", "child_allocate", 20, 100)

    def test_clone_behind_libcs_back(self):
        self.check_children("raw_clone", "child_allocate", 20, 100)

    def test_who_has_announced_itself_is_in_the_next_answer(self):
        # However late the thread runs that takes announcements in.
        script = 'read line; exec "$@"'
        command = ["/bin/sh", "-c", script, "sh", target("early_ctor")]
        with Memscope(*command) as memscope:
            wait_until("the shell's session", memscope.session)
            with thread_stopped(memscope.pid, "ms-announce"):
                memscope.write(b"\n")
                memscope.json_line()
                sessions = memscope.get("/sessions")["sessions"]
            self.assertEqual([s["pid"] for s in sessions],
                             [memscope.program_pid()] * 2)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 0)

    def test_those_that_have_not_said_what_they_want_hold_up_nobody(self):
        script = (
            "import os, socket, subprocess\n"
            "name = os.environ['MEMSCOPE_SOCKET'].replace('@', '\\0', 1)\n"
            "held = []\n"
            "for _ in range(100):\n"
            "    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
            "    s.connect(name)\n"
            "    held.append(s)\n"
            "subprocess.run(['perl', '-e', '<STDIN>'])\n")
        with Memscope("python3", "-c", script) as scope:
            wait_until("perl's session", lambda: [
                s for s in scope.get("/sessions")["sessions"]
                if "perl" in s["exe"]])
            scope.close_stdin()
            self.assertEqual(scope.wait(), 0)

    def test_vfork_and_exec(self):
        self.check_children("vfork", "leaf_allocate", 5, 13)

    def test_posix_spawn(self):
        self.check_children("spawn", "leaf_allocate", 5, 13)

    def test_a_chain_of_execs_ends_at_the_real_program(self):
        text, picture = self.picture_of([CHILDREN, "chain"], 7)
        stated = json.loads(text)
        self.assertEqual(picture.stats["pid"], stated["pid"])
        self.assert_counts(picture.sum(stated["functions"]), stated, EXACT)

    def test_a_wrapper_does_not_hide_the_real_program(self):
        own = self.watched(["/bin/sh", "-c", CHILDREN + " leaf 3; exit 4"])
        self.assertEqual(own[0], 4)
        self.assertRegex(own[3], r"pid \d+, children: .* 13 allocations")
        self.assertIn("in 13 blocks  leaf_allocate", own[3])
        self.assertNotIn("still run", own[3])

    def test_names_at_the_end_do_not_wait_for_a_tick(self):
        # With so many sessions to look through they are far between.
        script = "for i in $(seq 60); do /bin/bash -c :; done; exec %s leaf 3"
        own = self.watched(["/bin/sh", "-c", script % CHILDREN])
        self.assertEqual(own[0], 3)
        self.assertIn("in 13 blocks  leaf_allocate", own[3])

    def test_a_childs_time_ends_with_it(self):
        # Not when the collector learns of it, or comes to believe it.
        script = ("read line; for i in 1 2 3 4 5; do sleep 0.1; done; "
                  "echo all; read line")

        def ended():
            found = [s["id"] for s in memscope.get("/sessions")["sessions"]
                     if s["exe"].endswith("/sleep") and s["state"] == "ended"]
            return found if len(found) == 5 else None
        with Memscope("/bin/sh", "-c", script) as memscope:
            wait_until("the shell's session", memscope.session)
            with thread_stopped(memscope.pid, "ms-collector"):
                memscope.write(b"\n")
                wait_until("the children's ends", memscope.stdout.lines)
                time.sleep(1)
            times = [memscope.stats(session=number)["uptime_ns"]
                     for number in wait_until("five ends", ended)]
            # One of five has not met with a machine that did something else.
            self.assertLess(min(times), 0.9e9, times)
            self.assertGreater(min(times), 0.09e9)
            memscope.close_stdin()
            self.assertEqual(memscope.wait(), 1)

    def test_a_daemon_goes_on_being_watched(self):
        # The shell ends when the daemon has said what it holds.
        script = CHILDREN + " daemon | { read line; echo \"$line\"; exit 5; }"
        with Memscope("/bin/sh", "-c", script,
                      flags=["--keep-open"]) as memscope:
            stated = memscope.json_line()
            self.addCleanup(self.end, stated["pid"])
            memscope.wait_ended()
            wait_until("the word that the page stays",
                       lambda: "the page stays" in memscope.own_stderr())
            self.assertIn("1 of its processes still run", memscope.own_stderr())
            session = self.session_of(memscope, stated["pid"])
            self.assertEqual(session["state"], "running")

            def all_there():
                memscope.table("sites", session["id"])
                measured = memscope.picture(session["id"]).sum(
                    stated["functions"])
                return measured if measured["alloc_count"] == 7 else None
            measured = wait_until("the daemon's blocks", all_there)
            self.assert_counts(measured, stated, EXACT)
            memscope.write(b"\n")  # both have it for their standard input
            wait_until("the daemon's end", lambda: self.session_of(
                memscope, stated["pid"])["state"] == "ended")
            memscope.interrupt()
            self.assertEqual(memscope.wait(), 5)

    def session_of(self, memscope, pid):
        def found():
            for session in memscope.get("/sessions")["sessions"]:
                if session["pid"] == pid:
                    return session
            return None
        return wait_until("a session of pid %d" % pid, found)

    def end(self, pid):
        """daemon() has left our process group."""
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class NotFollowed(Hazard):

    def alone(self, command, code=0):
        """Runs it with --no-follow: what it said, and all sessions."""
        def check(memscope):
            sessions.extend(memscope.get("/sessions")["sessions"])
        sessions = []
        text, picture = self.picture_of(command, code, flags=["--no-follow"],
                                        check=check)
        return text, picture, sessions

    def test_children_are_not_watched(self):
        for how in ("raw_fork", "vfork", "spawn"):
            with self.subTest(how=how):
                text, picture, sessions = self.alone([CHILDREN, how])
                stated = json.loads(text.splitlines()[-1])
                self.assertEqual(len(sessions), 1)
                self.assert_counts(picture.sum(stated["functions"]), stated,
                                   EXACT)

    def test_an_exec_in_the_same_process_is_no_child(self):
        text, picture, sessions = self.alone([CHILDREN, "chain"], 7)
        stated = json.loads(text)
        self.assertEqual({s["pid"] for s in sessions}, {stated["pid"]})
        self.assert_counts(picture.sum(stated["functions"]), stated, EXACT)

    def test_the_childrens_environment_is_as_it_was(self):
        for preload in (None, "libmimalloc.so.2"):
            env = {"LD_PRELOAD": preload} if preload else {}
            command = ["/bin/sh", "-c", "env | grep -v '^_=' | sort; exit 3"]
            with self.subTest(preload=preload):
                self.harmless(command, env=env, flags=["--no-follow"])


if __name__ == "__main__":
    main()
