# SPDX-License-Identifier: MIT
"""The programs that are measured and their inputs, which are generated from
fixed seeds: everybody measures the same."""

import json
import os
import random


class Workload:
    """A command with its input, ready to be run."""

    def __init__(self, name, what, command, stdin=None, env=None):
        self.name, self.what, self.command = name, what, command
        self.stdin, self.env = stdin, env


def _write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def sqlite(directory, scale):
    """Inserts one by one, an index, an update, sorted and grouped queries."""
    rng = random.Random(1)
    lines = ["create table t(id integer primary key, k text, v real);",
             "begin;"]
    for _ in range(int(300000 * scale)):
        lines.append("insert into t(k, v) values('key-%07d', %.6f);" % (
            rng.randrange(10**7), rng.random()))
    lines += ["commit;", "create index tk on t(k);",
              "update t set v = v + 1 where id % 2 = 0;",
              "select k, count(*), group_concat(id) from t "
              "group by substr(k, 1, 8) order by 2 desc limit 100;",
              "select sum(length(k || v)) from t;"]
    path = _write(directory, "script.sql", "\n".join(lines) + "\n")
    return Workload("sqlite3", "SQL script of single inserts",
                    ["/usr/bin/sqlite3", ":memory:"], stdin=path)


PYTHON = """
import json, random
rng = random.Random(2)
n = {n}
rows = [dict(id=i, name='name-%d' % rng.randrange(10**6),
             tags=[str(rng.random()) for _ in range(3)]) for i in range(n)]
text = json.dumps(rows)
again = json.loads(text)
index = {{}}
for row in again:
    index.setdefault(row['name'], []).append(row['id'])
print(len(text), len(index), sum(len(v) for v in index.values()))
"""


def python(directory, scale):
    """Dictionaries, lists and strings, to JSON and back."""
    path = _write(directory, "work.py", PYTHON.format(n=int(150000 * scale)))
    return Workload("python3", "`PYTHONMALLOC=malloc`, rows to JSON and back",
                    ["/usr/bin/python3", path],
                    env={"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"})


def jq(directory, scale):
    """A JSON document read whole, mapped and grouped."""
    rng = random.Random(3)
    rows = [{"id": i, "group": rng.randrange(1000),
             "name": "item %d" % rng.randrange(10**6),
             "values": [rng.randrange(1000) for _ in range(5)]}
            for i in range(int(90000 * scale))]
    path = _write(directory, "document.json", json.dumps(rows))
    program = "group_by(.group) | map({g: .[0].group, n: length, " \
              "s: (map(.values | add) | add)}) | length"
    return Workload("jq", "%.1f MB of JSON grouped" %
                    (os.path.getsize(path) / 1e6),
                    ["/usr/bin/jq", program, path])


PERL = """
my ($n, %h, @a) = (shift, (), ());
srand(4);
for my $i (1 .. $n) {
    my $k = "key" . int(rand(1000000));
    $h{$k} .= "x" x (1 + $i % 40);
    push @a, [$i, $k] if $i % 3 == 0;
}
my $sum = 0;
$sum += length($h{$_}) for sort keys %h;
print "$sum ", scalar(@a), "\\n";
"""


def perl(directory, scale):
    """Hashes of growing strings, and arrays of small arrays."""
    path = _write(directory, "work.pl", PERL)
    return Workload("perl", "hashes of strings",
                    ["/usr/bin/perl", path, str(int(900000 * scale))])


def storm(build, threads, scale):
    """Nothing but malloc, realloc and free, across threads."""
    return Workload("storm, %d thread%s" % (threads, "s"[:threads > 1]),
                    "nothing but malloc, realloc, free of others' blocks",
                    [os.path.join(build, "tests/targets/threads"),
                     "--threads", str(threads),
                     "--ops", str(int(12000000 * scale / threads))])


def all_workloads(build, directory, scale):
    """Every workload, its input written to `directory`."""
    return [sqlite(directory, scale), python(directory, scale),
            jq(directory, scale), perl(directory, scale),
            storm(build, 1, scale), storm(build, 4, scale)]
