#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The stacks that the unwinder finds are those that libgcc's unwinder finds,
and libunwind where it is installed, inside real programs as Debian builds
them: a few short, none wrong."""

import json
import os
import subprocess

from memscope_test import BUILD, TestCase, main, say, target

VERIFY = os.path.join(BUILD, "tests/unwind/libmemscope_verify.so")

SQL = """create table t(id integer primary key, k text, v real);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into t(k, v) select 'key-' || i, i * 1.5 from n;
create index tk on t(k);
select count(*), sum(length(g)) from
  (select group_concat(id) as g from t group by substr(k, 1, 6));
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
        total = {"deepest": max(row["deepest"] for row in rows)}
        for judge in ("libgcc", "libunwind"):
            if judge in rows[0]:
                total[judge] = {name: sum(row[judge][name] for row in rows)
                                for name in rows[0][judge]}
                say("%s, %s: %s" % (os.path.basename(command[0]), judge,
                                    self.rate(total[judge])))
        total["said"] = watched.stderr
        return total

    @staticmethod
    def rate(counts):
        compared = sum(counts.values())
        return "%d stacks, %.3f %% the same, %d shorter, %d longer, %d wrong" \
            % (compared, 100.0 * counts["same"] / max(compared, 1),
               counts["shorter"], counts["longer"], counts["wrong"])

    def check(self, total, at_least, share=0.999):
        for judge in ("libgcc", "libunwind"):
            if judge not in total:
                say("libunwind is not installed: libgcc alone has been asked")
                continue
            counts = total[judge]
            self.assertEqual(counts["wrong"], 0, total["said"])
            self.assertEqual(counts["longer"], 0, total["said"])
            compared = counts["same"] + counts["shorter"]
            self.assertGreater(compared, at_least)
            self.assertGreaterEqual(counts["same"], share * compared)

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
        """Under load: some clients at once, of several kinds of commands."""
        script = """redis-server --port 0 --unixsocket $0/s --save "" \
            --daemonize no --dir $0 >/dev/null &
            server=$!
            unset LD_PRELOAD
            until redis-cli -s $0/s ping >/dev/null 2>&1; do
                kill -0 $server || exit 1
            done
            redis-benchmark -s $0/s -q -n 3000 -c 20 -P 4 -r 1000 -d 100 \
                -t set,get,lpush,lpop,sadd,hset,zadd,lrange_100 >/dev/null
            redis-cli -s $0/s shutdown nosave >/dev/null 2>&1
            wait $server"""
        self.check(self.counts(["/bin/bash", "-c", script, self.scratch()], 5),
                   5000)

    def test_a_program_that_throws(self):
        """gdb: C++ whose every error is an exception."""
        errors = [word for i in range(60)
                  for word in ("-ex", "print nosuch_%d + 1" % i)]
        self.check(self.counts(
            ["/usr/bin/gdb", "-nx", "-batch", *errors, "-ex", "info functions ^r",
             "-ex", "ptype struct _IO_FILE", target("stacks")], 10), 2000)

    def test_hard_stacks_are_short_at_worst(self):
        """Coroutines run on stacks whose bounds nobody has told us."""
        total = self.counts([target("stacks")], 5)
        self.check(total, 2000, share=0.9)
        self.assertGreater(total["libgcc"]["shorter"], 0)
        self.assertGreater(total["deepest"], 900)


if __name__ == "__main__":
    main()
