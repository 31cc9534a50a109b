#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stacks that the unwinder finds are those that libgcc's unwinder finds,
inside real programs as Debian builds them: a few short, none wrong."""

import json
import os
import subprocess

from memscope_test import BUILD, TestCase, main, say, target

VERIFY = os.path.join(BUILD, "tests/unwind/libmemscope_verify.so")

SQL = """create table t(id integer primary key, k text, v real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into t(k, v) select 'key-' || i, i * 1.5 from n;
create index tk on t(k);
select count(*), sum(length(group_concat)) from
  (select group_concat(id) from t group by substr(k, 1, 6));
"""

PYTHON = """
import json, re
rows = [dict(id=i, name='name-%d' % (i % 97), tags=[str(i * 1.5)])
        for i in range(2000)]
text = json.dumps(rows)
print(len(json.loads(text)), len(re.findall('name-[0-9]+', text)))
"""

PERL = """my %h; my @a;
for my $i (1 .. 20000) { $h{"key" . $i % 999} .= "x"; push @a, [$i, "$i"]; }
print scalar(keys %h), " ", scalar(@a), "\\n";"""

CPP = """#include <map>
#include <regex>
#include <string>
#include <vector>
int main() { std::map<std::string, std::vector<int>> m; m["a"].push_back(1);
  return std::regex_match("aab", std::regex("a+b")) ? 0 : 1; }
"""


class Unwind(TestCase):

    def counts(self, command, every, stdin="", env=None):
        """Runs a program and gives what the comparison of its stacks came to,
        of all its processes together."""
        out = os.path.join(self.scratch(), "counts")
        plain = subprocess.run(command, input=stdin, text=True, timeout=300,
                               capture_output=True, env=dict(os.environ,
                                                             **(env or {})))
        watched = subprocess.run(
            command, input=stdin, text=True, timeout=300, capture_output=True,
            env=dict(os.environ, LD_PRELOAD=VERIFY, MEMSCOPE_VERIFY=out,
                     MEMSCOPE_VERIFY_EVERY=str(every),
                     MEMSCOPE_BACKEND="lockfree", **(env or {})))
        self.assertEqual(watched.stdout, plain.stdout)
        self.assertEqual(watched.returncode, plain.returncode, watched.stderr)
        with open(out, encoding="ascii") as file:
            rows = [json.loads(line) for line in file]
        total = {name: sum(row[name] for row in rows) for name in rows[0]}
        total["deepest"] = max(row["deepest"] for row in rows)
        say("%s: %s" % (os.path.basename(command[0]), total))
        return total

    def check(self, total, at_least, share=0.999):
        self.assertEqual(total["wrong"], 0)
        self.assertEqual(total["longer"], 0)
        compared = total["same"] + total["shorter"]
        self.assertGreater(compared, at_least)
        self.assertGreaterEqual(total["same"], share * compared)

    def test_sqlite3(self):
        self.check(self.counts(["/usr/bin/sqlite3", ":memory:"], 1, SQL), 5000)

    def test_python3(self):
        self.check(self.counts(["/usr/bin/python3", "-c", PYTHON], 20,
                               env={"PYTHONMALLOC": "malloc"}), 5000)

    def test_perl(self):
        self.check(self.counts(["/usr/bin/perl", "-e", PERL], 10), 5000)

    def test_the_compiler(self):
        path = os.path.join(self.scratch(), "unit.cpp")
        with open(path, "w", encoding="ascii") as file:
            file.write(CPP)
        self.check(self.counts(["g++", "-O1", "-c", path, "-o", "/dev/null"],
                               100), 5000)

    def test_redis_server(self):
        commands = "".join("set key:%d %s\nrpush list %d\n" % (
            i, "x" * (i % 100), i) for i in range(3000))
        script = """redis-server --port 0 --unixsocket $0/s --save "" \
            --daemonize no --dir $0 >/dev/null &
            until redis-cli -s $0/s ping >/dev/null 2>&1; do :; done
            redis-cli -s $0/s >/dev/null
            redis-cli -s $0/s shutdown nosave >/dev/null 2>&1
            wait"""
        self.check(self.counts(["/bin/bash", "-c", script, self.scratch()], 5,
                               commands), 5000)

    def test_hard_stacks_are_short_at_worst(self):
        """Coroutines run on stacks whose bounds nobody has told us."""
        total = self.counts([target("stacks")], 1)
        self.check(total, 10000, share=0.9)
        self.assertGreater(total["shorter"], 0)
        self.assertGreater(total["deepest"], 900)


if __name__ == "__main__":
    main()
