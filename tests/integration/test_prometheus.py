#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docker/ with a real Prometheus: it scrapes a real run, its rules are sound
and fire when they should, and each expression of the dashboard gives data.
Time runs faster here: windows of minutes are seconds."""

import json
import os
import re
import socket
import subprocess
import urllib.parse

import memscope_test
from memscope_test import DEMO, ROOT, Api, Memscope, Process, say, wait_until

DOCKER = os.path.join(ROOT, "docker")
# What a machine may not have.
OPTIONAL = {"memscope_cgroup_memory_used_bytes",
            "memscope_cgroup_memory_limit_bytes"}


def read(name):
    with open(os.path.join(DOCKER, name), encoding="utf-8") as f:
        return f.read()


def replaced(pattern, by, text):
    """All of them; there must be one."""
    result, count = re.subn(pattern, by, text)
    assert count, pattern
    return result


def promtool(test, *arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True,
                          check=False, text=True)
    test.assertEqual(done.returncode, 0, done.stdout + done.stderr)
    return done.stdout


class Prometheus(Process, Api):
    """A Prometheus with docker/'s configuration, of one target."""

    def __init__(self, test, target, directory):
        config = read("prometheus.yml")
        config = replaced(r"demo:7070", target, config)
        config = replaced(r"_interval: 15s", "_interval: 1s", config)
        config = replaced(r" *authorization:.*\n", "", config)
        rules = read("alerts.yml")
        rules = replaced(r"(?<=\[)30m", "6s", rules)
        rules = replaced(r"(?<=\[)1\dm", "3s", rules)
        rules = replaced(r"offset 15m", "offset 3s", rules)
        rules = replaced(r"for: \d+m", "for: 0s", rules)
        for name, text in (("prometheus.yml", config), ("alerts.yml", rules)):
            with open(os.path.join(directory, name), "w",
                      encoding="utf-8") as f:
                f.write(text)
        path = os.path.join(directory, "prometheus.yml")
        promtool(test, "check", "config", path)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        Process.__init__(self, [
            "prometheus", "--config.file=" + path,
            "--storage.tsdb.path=" + os.path.join(directory, "data"),
            "--web.listen-address=127.0.0.1:%d" % port])
        Api.__init__(self, "http://127.0.0.1:%d/" % port)
        wait_until("Prometheus", self.is_ready)

    def is_ready(self):
        if self.popen.poll() is not None:
            raise AssertionError(self.stderr.all())
        try:
            return self.request("GET", "/-/ready")[0] == 200
        except OSError:
            return False

    def data(self, path, **query):
        return self.get("/" + path, **query)["data"]

    def query(self, expression):
        return self.data("query", query=expression)["result"]

    def alerts(self):
        return [(a["labels"]["alertname"], a["labels"].get("exe"))
                for a in self.data("alerts")["alerts"]
                if a["state"] == "firing"]


def expressions():
    """(title, expression) of the dashboard, its variables filled in."""
    dashboard = json.loads(read("grafana/dashboards/memscope.json"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace(
                "$exe", ".*").replace("$session", ".*").replace(
                    "$__rate_interval", "5s")


class RealPrometheus(memscope_test.TestCase):
    def test_the_rules_are_sound(self):
        promtool(self, "check", "rules", os.path.join(DOCKER, "alerts.yml"))
        promtool(self, "test", "rules",
                 os.path.join(DOCKER, "alerts.test.yml"))
        # Each alert has its example.
        alerts = set(re.findall(r"alert: (\w+)", read("alerts.yml")))
        fired = {name for name, found in re.findall(
            r"alertname: (\w+)\n +exp_alerts:(\s+- exp_labels)?",
            read("alerts.test.yml")) if found}
        self.assertEqual(fired, alerts)

    def test_no_metric_is_misnamed(self):
        """What docker/ asks for is what /metrics has."""
        with Memscope(DEMO, flags=("--port", "0")) as scope:
            scope.settle()
            scope.request("GET", "/api/v1/tasks")
            text = scope.request("GET", "/metrics")[2].decode()
        known = set(re.findall(r"^# TYPE (\w+)", text, re.M))
        known |= {n + "_bucket" for n in known if n.endswith("_seconds")}
        asked = set(re.findall(r"memscope_\w+(?=[\[{ ])", read("alerts.yml")))
        for _, expression in expressions():
            asked |= set(re.findall(r"memscope_\w+(?=[\[{])", expression))
        self.assertGreater(len(asked), 30)
        self.assertEqual(asked - known, set())

    def test_the_token_of_the_compose_file_opens_what_is_scraped(self):
        """The options that compose.yml gives, and the names it asks by."""
        token = os.path.join(self.scratch(), "token")
        with open(token, "w", encoding="ascii") as f:
            f.write("0123456789abcdef0123\n")
        os.chmod(token, 0o600)
        compose = read("compose.yml")
        options = re.search(r"memscope run (.*?) -- ", compose,
                            re.S).group(1).replace("\\", "").replace(
            '"$$HOME/token"', token).replace("--port 7070", "--port 0")
        # Here a program of this very user asks; by another name it is treated
        # as one of another machine's.
        with Memscope(DEMO, "--quiet", flags=options.split()) as scope:
            scope.host = "127.0.0.1"
            asked = set(re.findall(r"/(?:metrics|debug/pprof/\w+)", "".join(
                read(n) for n in ("prometheus.yml", "config.alloy",
                                  "parca.yml"))))
            self.assertEqual(asked, {"/metrics", "/debug/pprof/heap",
                                     "/debug/pprof/allocs"})
            for path in asked:
                host = {"Host": "demo:7070"}
                self.assertEqual(
                    scope.request("GET", path, headers=host)[0], 401)
                host["Authorization"] = "Bearer 0123456789abcdef0123"
                self.assertEqual(
                    scope.request("GET", path, headers=host)[0], 200)
                host["Host"] = "evil:7070"
                self.assertEqual(
                    scope.request("GET", path, headers=host)[0], 421)

    def test_it_scrapes_evaluates_and_alerts(self):
        with Memscope(DEMO, "--quiet", flags=("--port", "0")) as scope, \
                Prometheus(self, "127.0.0.1:%d" % scope.port,
                           self.scratch()) as prometheus:
            wait_until("a scrape", lambda:
                       prometheus.query('up{job="memscope"} == 1'))
            target, = prometheus.data("targets")["activeTargets"]
            self.assertEqual((target["health"], target["lastError"]),
                             ("up", ""))
            # Units are there in OpenMetrics alone.
            wait_until("what is known of a metric", lambda:
                       prometheus.data("metadata").get(
                           "memscope_heap_live_bytes"))
            self.assertEqual(
                prometheus.data("metadata")["memscope_heap_live_bytes"],
                [{"type": "gauge", "unit": "bytes", "help":
                  "Requested bytes of the blocks that are live."}])
            self.check_dashboard(prometheus)
            # The demo leaks, and that is seen.
            wait_until("the alert of the leaking demo", lambda:
                       ("MemscopeHeapGrowing", "demo") in prometheus.alerts())
            say("MemscopeHeapGrowing fires")
            self.check_rules(prometheus)
            scope.interrupt()
            wait_until("the alert of a memscope that is gone", lambda:
                       ("MemscopeDown", None) in prometheus.alerts())
            say("MemscopeDown fires")

    def check_dashboard(self, prometheus):
        tried = 0
        for title, expression in expressions():
            tried += 1
            answer = prometheus.request(
                "GET", "/api/v1/query?" +
                urllib.parse.urlencode({"query": expression}))
            self.assertEqual(answer[0], 200, (title, answer[2]))
            if not OPTIONAL & set(re.findall(r"memscope_\w+", expression)):
                wait_until("data for %s: %s" % (title, expression),
                           lambda e=expression: prometheus.query(e))
        say("%d expressions of the dashboard give data" % tried)
        self.assertGreater(tried, 30)

    def check_rules(self, prometheus):
        rules = [rule for group in prometheus.data("rules")["groups"]
                 for rule in group["rules"]]
        self.assertEqual(len(rules), read("alerts.yml").count("alert:"))
        for rule in rules:
            self.assertEqual((rule["health"], rule.get("lastError")),
                             ("ok", None), rule)


if __name__ == "__main__":
    memscope_test.main()
