#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A viewer that books full and deltas has what the API answers, whatever
other viewers do; and it is told of ends and beginnings."""

import socket

import server_test
from server_test import Closed, Host, Viewer, proc_status_kib, say, wait_until


class Pictures(server_test.TestCase):
    def setUp(self):
        self.server = Host()
        self.addCleanup(self.server.__exit__)
        self.addCleanup(self.server.stop)  # the viewers go before
        self.server.tell("sites 300")
        self.server.tell("busy 20")

    def viewer(self, **options):
        viewer = Viewer(self.server, **options)
        self.addCleanup(viewer.__exit__)
        return viewer

    def same_as_the_api(self, viewer, table, path, **query):
        """Takes messages until one is of the tick that the API answers."""
        def attempt():
            viewer.next()
            page = self.server.get(path, limit=500, **query)
            while viewer.seq < page["seq"]:
                viewer.next()
            return page if viewer.seq == page["seq"] else None
        page = wait_until("the same tick", attempt, every=0)
        columns = viewer.hello["cols"][table]
        self.assertEqual(viewer.rows(table),
                         [{name: row[name] for name in columns}
                          for row in page["rows"]])
        self.assertEqual(viewer.total, page["total"])
        self.assertEqual(viewer.stats["heap"],
                         self.server.stats(viewer.seq)["heap"])

    def test_full_and_deltas_are_what_the_api_answers(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        first = viewer.next()
        self.assertEqual(first["t"], "full")
        self.assertNotIn("th", first)
        for _ in range(12):
            self.same_as_the_api(viewer, "site", "/sites")
        # Past a step of the trends, 3 s apart.
        until = viewer.stats["uptime_ns"] + 3_300_000_000
        while viewer.stats["uptime_ns"] < until:
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")
        viewer.subscribe(th={"n": 10})
        viewer.receive_until("full")
        viewer = self.viewer()
        viewer.subscribe(th={"n": 10})
        self.same_as_the_api(viewer, "th", "/threads")

    def test_windows_are_sorted_filtered_and_cut(self):
        for window, query in (
                ({"sort": "alloc_count", "order": "asc", "off": 250, "n": 100},
                 {"sort": "alloc_count", "order": "asc", "offset": 250,
                  "limit": 100}),
                ({"sort": "name", "order": "desc", "off": 17, "n": 40},
                 {"sort": "function", "order": "desc", "offset": 17,
                  "limit": 40}),
                ({"sort": "delta_bytes", "q": "0X4003", "off": 3, "n": 20},
                 {"sort": "delta_bytes", "q": "0x4003", "offset": 3,
                  "limit": 20}),
                ({"sort": "mean_lifetime_ns", "order": "asc", "off": 0,
                  "n": 7},
                 {"sort": "mean_lifetime_ns", "order": "asc", "limit": 7}),
                ({"q": "nothing has this", "n": 5},
                 {"q": "nothing has this", "limit": 5}),
                ({"off": 5000, "n": 5}, {"offset": 5000, "limit": 5})):
            with self.subTest(window):
                viewer = self.viewer()
                viewer.subscribe(site=window)

                def attempt():
                    viewer.next()
                    page = self.server.get("/sites", **query)
                    while viewer.seq < page["seq"]:
                        viewer.next()
                    return page if viewer.seq == page["seq"] else None
                page = wait_until("the same tick", attempt, every=0)
                self.assertEqual([r["id"] for r in viewer.rows("site")],
                                 [r["id"] for r in page["rows"]])
                self.assertEqual(viewer.total, page["total"])
                viewer.__exit__()

    def test_every_window_is_a_part_of_the_whole_table(self):
        self.server.tell("busy 0")
        self.server.settle()
        whole = self.server.get("/sites", limit=10000)["rows"]
        keys = {"live_bytes": lambda r: r["live_bytes"],
                "function": lambda r: r["function"].lower(),
                "mean_lifetime_ns": lambda r: -1 if
                r["mean_lifetime_ns"] is None else r["mean_lifetime_ns"],
                "delta_bytes": lambda r: r["delta_bytes"],
                "free_count": lambda r: r["free_count"], "id":
                lambda r: r["id"]}
        for sort, key in keys.items():
            for order in ("asc", "desc"):
                # Python's sort is stable: equal rows stay in order of id.
                expected = sorted(sorted(whole, key=lambda r: r["id"]),
                                  key=key, reverse=order == "desc")
                for offset, limit in ((0, 1), (0, 300), (1, 17), (150, 30),
                                      (299, 5), (283, 17), (20, 0)):
                    rows = self.server.get("/sites", sort=sort, order=order,
                                           offset=offset, limit=limit)["rows"]
                    self.assertEqual(
                        [r["id"] for r in rows],
                        [r["id"] for r in expected[offset:offset + limit]],
                        (sort, order, offset, limit))

    def test_filters_leave_what_they_say_and_sum_it_up(self):
        self.server.tell("busy 0")
        self.server.settle()
        whole = self.server.get("/sites", limit=10000)
        live = sorted(r["live_bytes"] for r in whole["rows"])
        middle = live[len(live) // 2]
        module = whole["rows"][0]["module"]
        part = whole["rows"][0]["function"][:-1]
        viewer = self.viewer()
        for window, fits in (
                ({}, lambda r: True),
                ({"min": middle}, lambda r: r["live_bytes"] >= middle),
                ({"module": module}, lambda r: r["module"] == module),
                ({"module": module + "x"}, lambda r: False),
                ({"min": middle, "q": part}, lambda r: part in
                 r["function"] and r["live_bytes"] >= middle)):
            with self.subTest(window):
                rows = [r for r in whole["rows"] if fits(r)]
                self.assertTrue(rows or window.get("module") == module + "x")
                sums = {name: sum(r[name] for r in rows)
                        for name in ("live_bytes", "live_blocks")}
                page = self.server.get("/sites", limit=10000, **window)
                self.assertEqual([r["id"] for r in page["rows"]],
                                 [r["id"] for r in rows])
                self.assertEqual((page["total"], page["sum"]),
                                 (len(rows), sums))
                past = self.server.get("/sites", limit=10000, seq=whole["seq"],
                                       **window)
                self.assertEqual((past["total"], past["sum"]),
                                 (len(rows), sums))
                viewer.subscribe(site={"n": 3, **window})
                table = viewer.receive_until("full")["site"]
                self.assertEqual((table["total"], table["sum"]),
                                 (len(rows), sums))
                self.assertEqual(table["order"], [r["id"] for r in rows[:3]])

    def test_pinned_rows_come_first(self):
        self.server.tell("busy 0")
        self.server.settle()
        ids = [r["id"] for r in self.server.get("/sites", limit=300)["rows"]]
        viewer = self.viewer()
        viewer.subscribe(site={"n": 5, "pin": [ids[200], ids[100]]})
        table = viewer.receive_until("full")["site"]
        self.assertEqual(table["order"], [ids[100], ids[200]] + ids[:3])
        self.assertEqual(table["total"], len(ids))
        viewer.subscribe(site={"n": 5, "q": "nothing has this",
                               "pin": [ids[200]]})
        table = viewer.receive_until("full")["site"]
        self.assertEqual((table["order"], table["total"]), ([ids[200]], 1))
        for wrong in ({"pin": list(range(17))}, {"pin": ["1"]}, {"pin": 1},
                      {"min": -1}, {"threads": "dead"}, {"module": "x" * 256}):
            other = self.viewer()
            other.subscribe(site={"n": 5, **wrong})
            with self.assertRaises(Closed) as closed:
                other.receive_until("full")
            self.assertEqual(closed.exception.code, 1002, wrong)

    def test_samples_have_no_gap(self):
        viewer = self.viewer()
        viewer.subscribe(hz=3)
        for _ in range(5):
            viewer.next()
        seqs = sorted(viewer.core)
        self.assertEqual(seqs, list(range(1, viewer.seq + 1)))

    def test_rows_are_only_what_changed(self):
        self.server.tell("busy 0")
        self.server.settle()
        viewer = self.viewer()
        viewer.subscribe(site={"n": 100})
        self.assertEqual(len(viewer.next()["site"]["rows"]), 100)

        def quiet():
            message = viewer.next()
            self.assertEqual(len(message["site"]["order"]), 100)
            return not message["site"]["rows"]
        wait_until("a message without rows", quiet, every=0)

    def test_a_viewer_that_never_acks_costs_nothing(self):
        silent, other = self.viewer(), self.viewer()
        silent.subscribe(site={"n": 500}, hist=True)
        other.subscribe(site={"n": 60})
        before = None
        for i in range(60):
            other.next()
            if i == 10:
                before = proc_status_kib(self.server.pid, "VmRSS")
        grown = proc_status_kib(self.server.pid, "VmRSS") - before
        say("%d KiB grown in 50 messages" % grown)
        if not server_test.SANITIZER:
            self.assertLess(grown, 1024)
        got = [silent.receive_until("full", "d") for _ in range(2)]
        self.assertEqual([m["t"] for m in got], ["full", "d"])
        # What comes then are heartbeats, until it acks.
        self.assertEqual(silent.receive()["t"], "hb")
        for message in got:
            silent.take(message)
        silent.ack()
        late = silent.next()
        self.assertEqual((late["t"], late["base"]), ("d", got[1]["seq"]))
        self.assertGreaterEqual(late["seq"], other.seq)
        self.assertEqual(sorted(silent.core), list(range(1, silent.seq + 1)))

    def test_a_viewer_that_does_not_read_slows_nobody(self):
        stopped = self.viewer(receive_buffer=4096)
        other = self.viewer()
        stopped.subscribe(site={"n": 500}, th={"n": 500}, hist=True)
        other.subscribe(site={"n": 10})
        for i in range(40):
            # It asks for a full picture again and again, and reads none.
            if i % 2 == 0:
                stopped.subscribe(site={"n": 500})
            other.next()
        seqs = sorted(other.core)
        self.assertEqual(seqs, list(range(1, other.seq + 1)))
        self.assertEqual(self.server.raw(self.server.head())[0], 200)

    def test_resume_goes_on_without_a_gap(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        for _ in range(3):
            viewer.next()
        epoch, seq, core = viewer.epoch, viewer.seq, viewer.core
        viewer.__exit__()
        self.server.settle()
        again = self.viewer()
        again.subscribe(site={"n": 500}, resume=(epoch, seq))
        again.epoch, again.seq, again.core = epoch, seq, core
        message = again.next()
        self.assertEqual((message["t"], message["base"]), ("d", seq))
        self.assertEqual(len(message["site"]["rows"]),
                         len(message["site"]["order"]))
        self.assertEqual(sorted(again.core), list(range(1, again.seq + 1)))
        self.same_as_the_api(again, "site", "/sites")
        # On the same connection too: nothing of before counts.
        again.subscribe(hz=0)
        again.receive_until("hb")  # what was under way has come
        again.subscribe(site={"n": 500}, resume=(again.epoch, again.seq))
        message = again.next()
        self.assertEqual(message["t"], "d")
        self.assertEqual(len(message["site"]["rows"]),
                         len(message["site"]["order"]))

    def test_resume_of_another_epoch_or_moment_gives_a_full(self):
        for epoch, seq in (("0123456789abcdef", 1), (None, 10 ** 9),
                           (None, 0)):
            viewer = self.viewer()
            viewer.subscribe(site={"n": 5}, resume=(
                epoch or viewer.hello["epoch"], seq))
            self.assertEqual(viewer.next()["t"], "full")

    def test_a_late_resume_changes_nothing(self):
        self.server.settle()
        viewer = self.viewer()
        viewer.subscribe(site={"n": 500})
        self.assertEqual(viewer.next()["t"], "full")
        viewer.send({"t": "resume", "epoch": viewer.epoch, "seq": 1})
        for _ in range(3):
            self.assertEqual(viewer.next()["t"], "d")
        self.same_as_the_api(viewer, "site", "/sites")

    def test_hz_is_kept(self):
        viewer = self.viewer()
        viewer.subscribe(hz=2)
        first = viewer.next()
        second = viewer.next()
        third = viewer.next()
        # In ticks of 100 ms, not in our time.
        self.assertGreaterEqual(second["seq"] - first["seq"], 4)
        self.assertGreaterEqual(third["seq"] - second["seq"], 4)

    def test_without_news_the_heart_beats(self):
        viewer = self.viewer()
        viewer.subscribe(hz=0)
        for _ in range(2):
            self.assertEqual(viewer.receive()["t"], "hb")
        viewer.subscribe(hz=10)
        self.assertEqual(viewer.next()["t"], "full")

    def test_slow_parts_come_as_asked(self):
        viewer = self.viewer()
        viewer.subscribe(hist=True)
        full = viewer.next()
        self.assertIn("monitor", full)
        self.assertEqual(full["hist"]["seq"], full["seq"])
        messages = [viewer.next() for _ in range(15)]
        self.assertLess(sum("hist" in m for m in messages), 5)
        self.assertGreater(sum("hist" in m for m in messages), 0)
        viewer.subscribe(hist=False)
        self.assertNotIn("hist", viewer.next())

    def test_what_is_asked_for_is_told_apart_from_what_was(self):
        viewer = self.viewer()
        viewer.subscribe(sub=1, site={"n": 3})
        wait_until("the sites", lambda: viewer.next()["sub"] == 1 and
                   viewer.total >= 20, every=0)
        for number in range(2, 12):
            now = (viewer.epoch, viewer.seq)
            viewer.subscribe(sub=number, site={"n": 20}, resume=now, hist=True)
            while (answer := viewer.next())["sub"] != number:
                self.assertEqual(answer["sub"], number - 1)
            # The first of them has all that it wants.
            self.assertEqual(len(answer["site"]["rows"]), 20)
            self.assertIn("hist", answer)

    def test_a_snapshot_can_be_taken(self):
        viewer = self.viewer()
        viewer.send({"t": "cmd", "id": 5, "op": "snapshot", "name": "now"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"]), (5, True))
        self.assertEqual(self.server.get("/snapshots")["snapshots"],
                         [answer["snapshot"]])
        viewer.send({"t": "cmd", "id": 6, "op": "format"})
        answer = viewer.receive_until("res")
        self.assertEqual((answer["id"], answer["ok"], answer["code"]),
                         (6, False, "bad_request"))
        self.assertEqual(self.viewer().hello["snapshots"],
                         self.server.get("/snapshots")["snapshots"])

    def test_the_end_is_said_after_the_last_delta(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        self.server.tell("busy 0")
        self.server.tell("end 256")
        while True:
            message = viewer.receive_until("full", "d", "session")
            if message["t"] == "session":
                break
            viewer.take(message)
            viewer.ack()
        session = message["session"]
        self.assertEqual((session["state"], session["exit_code"]),
                         ("ended", 1))
        self.assertTrue(viewer.stats["ended"])
        self.assertEqual(session["seq"], viewer.seq)
        self.assertEqual(viewer.receive()["t"], "hb")
        # It is still there to be looked at.
        viewer.subscribe(site={"n": 10, "sort": "id"})
        self.assertEqual(viewer.next()["t"], "full")
        late = self.viewer()
        self.assertEqual(late.hello["state"], "ended")
        late.subscribe()
        self.assertEqual(late.next()["t"], "full")
        self.assertEqual(late.receive_until("session", "d")["t"], "session")

    def test_other_processes_are_told_of(self):
        viewer = self.viewer()
        viewer.subscribe(hz=0)
        self.server.tell("other")
        session = viewer.receive_until("session")["session"]
        self.assertEqual((session["id"], session["state"], session["primary"]),
                         (2, "running", False))
        viewer.subscribe(hz=10)
        viewer.next()
        self.server.tell("otherend")
        while (message := viewer.receive_until("d", "session"))["t"] == "d":
            viewer.take(message)
            viewer.ack()
        self.assertEqual((message["session"]["id"],
                          message["session"]["state"]), (2, "ended"))
        # Once each, and not at all to who has learnt it from the hello.
        late = self.viewer()
        self.assertEqual([s["id"] for s in late.hello["sessions"]], [1, 2])
        for one in (viewer, late):
            one.subscribe(hz=10)
            for _ in range(12):
                one.take(one.receive_until("full", "d", "session"))
                one.ack()

    def test_exec_begins_anew(self):
        viewer = self.viewer()
        viewer.subscribe(site={"n": 10})
        viewer.next()
        # Not even acks of the old program are needed to see the new one.
        viewer.next(ack=False)
        viewer.next(ack=False)
        self.server.tell("open")
        self.server.tell("sites 5")
        hello = viewer.receive_until("hello")
        self.assertNotEqual(hello["epoch"], viewer.epoch)
        viewer.forget()
        while viewer.next()["t"] != "full" or viewer.total != 5:
            pass
        self.assertEqual(viewer.epoch, hello["epoch"])
        self.assertEqual(sorted(viewer.core), list(range(1, viewer.seq + 1)))

    def test_before_the_first_session_viewers_wait(self):
        with Host(session=False) as server:
            viewer = Viewer(server)
            self.addCleanup(viewer.__exit__)
            self.assertIsNone(viewer.hello["session"])
            viewer.subscribe(site={"n": 10})
            self.assertEqual(viewer.receive()["t"], "hb")
            server.tell("open")
            self.assertEqual(viewer.receive_until("full")["seq"], 1)
            server.stop()

    def test_at_the_end_of_the_server_viewers_are_told(self):
        viewers = [self.viewer() for _ in range(5)]
        for viewer in viewers[1:]:
            viewer.subscribe(site={"n": 50})
        deaf = self.viewer(receive_buffer=4096)
        deaf.subscribe(site={"n": 500}, th={"n": 500})
        self.server.stop()
        for viewer in viewers:
            self.assertEqual(viewer.receive_until("bye")["why"], "exit")
            self.assertEqual(viewer.closing().code, 1001)

    def test_gone_viewers_leave_nothing_behind(self):
        before = self.server.open_files()
        for how in range(30):
            viewer = self.viewer()
            if how % 3:
                viewer.subscribe(site={"n": 500})
            if how % 3 == 1:
                viewer.next()
            if how % 2:
                viewer.socket.shutdown(socket.SHUT_RDWR)
            viewer.socket.close()
        wait_until("all viewers to be forgotten", lambda: self.server.status()[
            "monitor"]["clients"] == 0)
        wait_until("all descriptors to be given back",
                   lambda: self.server.open_files() <= before)
        self.server.stop()


if __name__ == "__main__":
    server_test.main()
