#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""GET /metrics: what promtool and a strict parser say of both forms; that the
numbers are those of the API; and that neither names nor numbers of rows get
out of hand."""

import os
import shutil
import subprocess

import memscope_test
from memscope_test import DEMO, Memscope, say, wait_until
from prometheus_client.openmetrics.parser import \
    text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import \
    text_string_to_metric_families as parse_text

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"
# As Prometheus 2.42 asks.
ACCEPT = ("application/openmetrics-text;version=1.0.0,"
          "application/openmetrics-text;version=0.0.1;q=0.75,"
          "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")


class Scrape:
    """One answer, by family and by sample."""

    def __init__(self, scope, accept=ACCEPT, query=""):
        status, headers, body = scope.request(
            "GET", "/metrics" + query, headers={"Accept": accept})
        assert status == 200, body
        self.type, self.text = headers["Content-Type"], body.decode("utf-8")
        parse = parse_openmetrics if self.type == OPEN else parse_text
        self.families = {f.name: f for f in parse(self.text)}
        self.samples = [s for f in self.families.values() for s in f.samples]

    def values(self, name, **labels):
        return [s.value for s in self.samples if s.name == name
                and labels.items() <= s.labels.items()]

    def value(self, name, **labels):
        value, = self.values(name, **labels)
        return value


class Metrics(memscope_test.TestCase):
    def test_both_forms_are_what_they_say(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.named_picture()
            scope.request("GET", "/api/v1/evil")
            for accept, kind in (
                    (ACCEPT, OPEN), ("", PLAIN), ("*/*", PLAIN),
                    ("text/plain", PLAIN), ("text/html", PLAIN),
                    ("application/openmetrics-text", OPEN),
                    ("application/openmetrics-text; version=2.0.0", PLAIN),
                    ("application/openmetrics-text;q=0.1, text/plain", PLAIN)):
                self.assertEqual(Scrape(scope, accept).type, kind, accept)
            # What promtool finds to complain of, it prints.
            for accept in ("text/plain",):
                done = subprocess.run(
                    ["promtool", "check", "metrics"], check=False,
                    input=Scrape(scope, accept).text.encode(),
                    capture_output=True)
                self.assertEqual((done.returncode, done.stderr, done.stdout),
                                 (0, b"", b""))
            both = Scrape(scope), Scrape(scope, "text/plain")
            # The older form names an info by its sample.
            self.assertEqual(set(both[0].families),
                             {n[:-5] if n.endswith("_info") else n
                              for n in both[1].families})
            for family in both[0].families.values():
                self.assertTrue(family.documentation.endswith("."), family)
                self.assertNotEqual(family.type, "unknown")
                for unit in ("bytes", "seconds", "ratio"):
                    if family.name.endswith("_" + unit):
                        self.assertEqual(family.unit, unit, family.name)
            self.assertTrue(both[0].text.endswith("\n# EOF\n"))
            say("%d families, %d samples, %d bytes" % (
                len(both[0].families), len(both[0].samples),
                len(both[0].text)))

    def test_the_numbers_are_those_of_the_api(self):
        with Memscope(DEMO, flags=("--port", "0", "--keep-open")) as scope:
            scope.settle()
            running = Scrape(scope)
            self.assertEqual(running.values("memscope_session_running"), [1])
            self.assertGreater(
                running.value("memscope_process_resident_memory_bytes"), 1e6)
            self.assertGreater(
                running.value("memscope_process_cpu_seconds_total"), 0)
            os.kill(scope.program_pid(), 9)
            scope.wait_ended()
            ended, stats = Scrape(scope), scope.stats()
        self.assertEqual(ended.values("memscope_session_running"), [0])
        for name, value in (
                ("live_bytes", "live_bytes"), ("live_blocks", "live_blocks"),
                ("peak_bytes", "peak_bytes"),
                ("allocated_bytes_total", "alloc_bytes_total"),
                ("allocations_total", "alloc_count_total"),
                ("freed_bytes_total", "free_bytes_total"),
                ("frees_total", "free_count_total"),
                ("reallocations_total", "realloc_count_total")):
            self.assertEqual(ended.value("memscope_heap_" + name),
                             stats["heap"][value], name)
        self.assertGreater(stats["heap"]["live_bytes"], 0)
        self.assertEqual(
            sum(ended.values("memscope_capture_dropped_total")), 0)
        self.assertEqual(len(ended.values("memscope_capture_dropped_total")),
                         7)
        # An ended process has no memory and no rows.
        for name in ("memscope_process_resident_memory_bytes",
                     "memscope_site_live_bytes", "memscope_leak_suspects"):
            self.assertEqual(ended.values(name), [], name)

    def test_rows_are_as_many_as_asked_for(self):
        with Memscope(memscope_test.target("many_stacks"), "3000",
                      flags=("--port", "0", "--backend", "core")) as scope:
            scope.line()
            scope.settle()
            for query, most in (("", 20), ("?sites=3&threads=1", 3),
                                ("?sites=0&threads=0", 0)):
                scrape = Scrape(scope, query=query)
                rows = scrape.values("memscope_site_live_bytes")
                self.assertLessEqual(len(rows), most)
                self.assertEqual(rows, sorted(rows, reverse=True))
                self.assertEqual(
                    len(scrape.values("memscope_thread_live_bytes")),
                    0 if query.endswith("threads=0") else 1)
            for bad in ("?sites=1001", "?sites=x", "?evil=1", "?threads=-1"):
                self.assertEqual(scope.request("GET", "/metrics" + bad)[0],
                                 400, bad)

    def test_a_name_is_a_label_whatever_it_is(self):
        directory = self.scratch()
        # A quote, a backslash, a new line, what is no UTF-8; and too long.
        for name, seen in ((b'a"b\\c\nd\xff', 'a"b\\c\nd\ufffd'),
                           (b"\xc3\xa4" * 120, "\u00e4" * 120),
                           (b"}{=,# EOF", "}{=,# EOF")):
            path = os.path.join(directory.encode(), name)
            shutil.copy(DEMO, path)
            with Memscope("/bin/sh", "-c", 'exec "$0"', path,
                          flags=("--port", "0")) as scope:
                wait_until("the image of that name", lambda: any(
                    os.fsencode(s["exe"].rsplit("/", 1)[-1])[:1] == name[:1]
                    and s["seq"] > 0 for s in
                    scope.get("/sessions")["sessions"]))
                for accept in (ACCEPT, "text/plain"):
                    scrape = Scrape(scope, accept)
                    self.assertEqual(
                        len(scrape.values("memscope_heap_live_bytes",
                                          exe=seen)), 1,
                        scrape.text[:300])

    def test_answers_are_counted_and_timed(self):
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            for _ in range(5):
                scope.get("/stats")
            scope.request("GET", "/debug/pprof/heap?seconds=1")
            scrape = Scrape(scope)
            name = "memscope_http_request_duration_seconds"
            self.assertEqual(scrape.value("memscope_http_requests_total",
                                          route="/api/v1/stats", code="2xx"),
                             5)
            self.assertEqual(scrape.value(name + "_count",
                                          route="/api/v1/stats"), 5)
            # One second was waited for.
            self.assertGreaterEqual(
                scrape.value(name + "_sum", route="/debug/pprof/heap"), 1)
            self.assertEqual(scrape.value(
                name + "_bucket", route="/debug/pprof/heap", le="0.5"), 0)
            self.assertEqual(scrape.value(
                name + "_bucket", route="/debug/pprof/heap", le="+Inf"), 1)
            wait_until("the monitor's CPU time is seen to grow", lambda:
                       Scrape(scope).value("memscope_monitor_cpu_seconds_total")
                       > scrape.value("memscope_monitor_cpu_seconds_total"))


if __name__ == "__main__":
    memscope_test.main()
