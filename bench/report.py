# SPDX-License-Identifier: MIT
"""Turns the results of a run (bench/results/NAME.json) into its report, and
into the table that the README quotes."""

import math
import statistics

import targets
from instructions import WAYS
from pages import page_part
from report_inside import engine_part, server_part
from tables import table, with_spread

ABOUT = (
    "Bare and watched runs take turns; ratios are medians of the pairs, with "
    "the smallest and the largest in brackets. For total CPU × both runs of a "
    "pair go at once, side by side on one core, in slices of 20 ms, so that "
    "what else slows the machine down slows both down; what memscope's own "
    "processes do by the clock is taken from the runs in turn, since two "
    "programs on one core take twice the time. A share of heaptrack's is one "
    "of medians. Wall and total CPU are of the whole command, all processes, "
    "start and end of the watcher included; nobody looks at the page "
    "meanwhile. Peak: VmHWM of the program (the "
    "pages of the event store that it touched are in it), and of the largest process "
    "of the watcher beside it. Per block: what the program's peak grew by, "
    "divided by the most blocks live at once. Every run's output equals the "
    "bare one's, and memscope and heaptrack saw the allocations that are "
    "stated. ✓ and ✗: the project's targets, `bench/targets.py`.")


def mib(kib):
    return "%.1f" % (kib / 1024) if kib else "–"


def default_of(results):
    return results["meta"]["default"]


def program_rows(results):
    default, titles = default_of(results), results["meta"]["titles"]
    for name, program in results["programs"].items():
        bare = program["watched"]["bare"]
        for key, row in program["watched"].items():
            if key == "bare":
                continue
            limit = targets.cpu_limit(name, key, default)
            share, over = row.get("share_of_heaptrack"), row.get("over_floor")
            yield (name, titles[key], "%.2f" % bare["wall_s"],
                   with_spread(row["wall"]),
                   with_spread(row["cpu"], 2,
                               targets.mark(row["cpu"][0], limit)),
                   with_spread(over, 2, targets.mark(
                       over[0], targets.CPU_OVER_FLOOR)) if over else "–",
                   "%.2f" % share if share is not None else "–",
                   mib(row["program_kib"]),
                   "%.2f" % (row["program_kib"] / bare["program_kib"])
                   if bare["program_kib"] else "–",
                   mib(row["helper_kib"]),
                   "%.0f" % row["bytes_per_block"]
                   if row.get("bytes_per_block") is not None else "–")


def share_summary(results):
    """(geometric mean, worst, names) of the default's share of heaptrack's
    added CPU; None where heaptrack was not there."""
    names = targets.of_the_eight(results["programs"])
    found = {}
    for name in names:
        row = results["programs"][name]["watched"].get(default_of(results), {})
        if row.get("share_of_heaptrack") is not None:
            # Below a thousandth it is noise.
            found[name] = max(row["share_of_heaptrack"], 1e-3)
    if not found:
        return None
    mean = math.exp(statistics.fmean(math.log(v) for v in found.values()))
    worst = max(found, key=found.get)
    return mean, worst, found[worst], list(found)


def summary(results):
    """The targets that are about more than one row."""
    lines = []
    default = default_of(results)
    share = share_summary(results)
    if share:
        mean, worst, most, names = share
        lines.append(
            "- **Added CPU, as a share of heaptrack's**: 1/%.1f%s in the "
            "geometric mean over %s (target 1/12); the worst is %s with "
            "1/%.1f%s (target 1/4)." % (
                1 / mean, targets.mark(mean, targets.SHARE_MEAN),
                ", ".join(names), worst, 1 / most,
                targets.mark(most, targets.SHARE_WORST)))
    grown, above = [], []
    for name, program in results["programs"].items():
        watched = program["watched"]
        bare = watched["bare"]["program_kib"]
        if default not in watched or not bare:
            continue
        grown.append(watched[default]["program_kib"] / bare)
        peer = watched.get("heaptrack")
        if peer and watched[default]["program_kib"] > (
                peer["program_kib"] + peer["helper_kib"]):
            above.append(name)
    if grown:
        median = statistics.median(grown)
        lines.append(
            "- **Peak memory of the program**: × %.2f%s in the median (target "
            "%.2f); above heaptrack's, with its helper: %s%s." % (
                median, targets.mark(median, targets.RSS_MEDIAN),
                targets.RSS_MEDIAN, ", ".join(above) or "nowhere",
                " ✗" if above else " ✓"))
    return "\n".join(lines)


def programs_part(results):
    programs = results["programs"]
    heads = ("program", "watched by", "bare s", "wall ×", "total CPU ×",
             "× of passing through", "added CPU, of heaptrack's", "peak MiB",
             "×", "watcher's own MiB", "bytes per block")
    about = "\n".join("- %s: %s%s" % (
        name, program["what"], "; {:,} allocations, {:,} live at most".format(
            program["allocations"], program["live_blocks"])
        if program["allocations"] else "")
        for name, program in programs.items())
    return "\n\n".join((
        "## Programs", about, table(heads, program_rows(results)),
        summary(results)))


def cell_rate(by_threads):
    return next(iter(by_threads.values()))["bare"]["per_s"]


def storms_part(results):
    titles, default = results["meta"]["titles"], default_of(results)
    parts = ["## Threads that do nothing but allocate and free"]
    for kind, by_threads in results["storms"].items():
        keys = list(next(iter(by_threads.values())))
        rows = []
        for key in keys:
            if key == "bare":
                mega = cell_rate(by_threads) >= 1e5
                rows.append(["bare, million/s" if mega else "bare, runs/s"] + [
                    "%.1f" % (cell["bare"]["per_s"] / (1e6 if mega else 1))
                    for cell in by_threads.values()])
                continue
            limit = targets.STORM_LOSS if key == default else None
            rows.append(["%s: throughput, bare ÷ watched" % titles[key]] + [
                with_spread(cell[key]["loss"], 2,
                            targets.mark(cell[key]["loss"][0], limit))
                if key in cell else "–" for cell in by_threads.values()])
        for key in keys:
            if key in ("bare", "heaptrack") or \
                    "added_ns" not in next(iter(by_threads.values()))[key]:
                continue
            first = next(iter(by_threads.values()))[key]["added_ns"][0]
            limit = max(first, 5) * targets.STORM_GROWTH \
                if key == default else None
            rows.append(["%s: added CPU, ns/allocation" % titles[key]] + [
                with_spread(cell[key]["added_ns"], 0, targets.mark(
                    cell[key]["added_ns"][0], limit))
                if key in cell else "–" for cell in by_threads.values()])
        heads = ["`%s`, threads" % kind, *by_threads]
        parts.append(table(heads, rows))
    parts.append("✗ at an added CPU: more than %.2f × that of one thread." %
                 targets.STORM_GROWTH)
    return "\n\n".join(parts)


def pairs_part(results):
    titles, default = results["meta"]["titles"], default_of(results)
    kinds = results["pairs"]
    rows = []
    for key in next(iter(kinds.values())):
        # Results of before do not have the ratio.
        ratio = kinds["hot"].get(key, {}).get("added_ratio")
        limit = targets.HOT_PAIR_RATIO if key == default else None
        rows.append([titles[key]] + [
            "%.1f" % kinds[kind]["bare"]["ns"] if key == "bare" else
            with_spread(kinds[kind][key]["added_ns"], 1) for kind in kinds] + [
                "" if key == "bare" else "–" if ratio is None else
                with_spread(ratio, 2, targets.mark(ratio[0], limit))])
    return "\n\n".join((
        "## One malloc and free of the same block",
        table(["ns, added", *("`%s`" % kind for kind in kinds),
               "`hot`: added ÷ bare"], rows),
        "`hot`: the same short stack every time; `deep`: 64 frames further "
        "in; `winding`: 18 frames further in, by one of 64 call paths. Added "
        "÷ bare: of the same round (target %.1f)." % targets.HOT_PAIR_RATIO))


def redis_part(results):
    titles, default = results["meta"]["titles"], default_of(results)
    tests = results["redis"]["tests"]
    rows = []
    for key, cpu in results["redis"]["cpu"].items():
        if key == "bare":
            rows.append(["bare, thousand requests/s"] + [
                "%.0f" % (by_key["bare"]["per_s"] / 1e3)
                for by_key in tests.values()] + ["1"])
            continue
        limit = {default: targets.REDIS_SHARE,
                 "sampled": targets.REDIS_SHARE_SAMPLED}.get(key)
        rows.append(["%s, of bare" % titles[key]] + [
            with_spread(by_key[key]["share"], 2, targets.mark(
                by_key[key]["share"][0], limit, least=True))
            for by_key in tests.values()] + [with_spread(cpu)])
    return "\n\n".join((
        "## redis-server under redis-benchmark",
        table(["throughput", *tests, "server's total CPU ×"], rows),
        "100,000 random keys, 64 bytes, 50 clients; the client shares the "
        "machine."))


def instructions_part(results):
    titles = results["meta"]["titles"]
    ways = results["instructions"]
    keys = list(next(iter(ways.values())))
    return "\n\n".join((
        "## Instructions per operation",
        table(["instructions of"] + [
            "bare" if key == "bare" else "added: " + titles[key]
            for key in keys], [
                [title] + ["%.0f" % ways[way][key] for key in keys]
                for way, title in WAYS if way in ways]),
        "Counted by stepping through the library as it is shipped, warmed up, "
        "the monitor stopped meanwhile, so that no tick is in it. "
        "`bench/instructions.py` says where they are."))


def start_part(results):
    titles = results["meta"]["titles"]
    rows = []
    for key, cell in results["start"].items():
        name = "libmemscope.so alone, preloaded" if key == "library" \
            else titles[key]
        limit = targets.START_MS if key == "library" else None
        rows.append([name, "%.2f" % cell["ms"], "" if key == "bare" else
                     with_spread(cell["added_ms"], 2, targets.mark(
                         cell["added_ms"][0], limit)),
                     "%.2f" % cell["until_ms"] if "until_ms" in cell else ""])
    return "\n\n".join((
        "## Start and end: /bin/true",
        table(("", "ms", "added ms", "ms until the program runs"), rows)))


def preload_part(results):
    cell = results["preload"]
    rows = [["wall clock, ms", "%.3f%s" % (
        cell["wall_ms"][0], targets.mark(cell["wall_ms"][0],
                                         targets.START_MS)),
             "%.3f" % cell["wall_ms"][1]],
            ["CPU, ms", "%.3f" % cell["cpu_ms"][0],
             "%.3f" % cell["cpu_ms"][1]]]
    return "\n\n".join((
        "## The library's own start: what it adds to /bin/true",
        table(("", "median", "10th percentile"), rows),
        "%d pairs. Of instructions, the loader's work included, it adds "
        "%s to %s." % (cell["pairs"],
                       "{:,}".format(cell["added_instructions"]),
                       "{:,}".format(cell["instructions"]))))


def monitor_part(results):
    rows = [[name, "%.2f %%" % (100 * process),
             "–" if engine is None else "%.2f %%" % (100 * engine),
             "–" if rate is None else "{:,.0f}".format(rate)]
            for name, (process, engine, rate) in results["monitor"].items()]
    return "\n\n".join((
        "## The monitor beside the program", table(
            ("beside", "memscope's CPU, of one core",
             "as `/api/v1/status` says", "events/s"), rows),
        "No page open; but where nobody looks, somebody has asked for a number "
        "a moment before."))


PARTS = (("programs", programs_part), ("redis", redis_part),
         ("storms", storms_part), ("pairs", pairs_part),
         ("instructions", instructions_part), ("start", start_part),
         ("preload", preload_part), ("monitor", monitor_part),
         ("engine", engine_part), ("server", server_part),
         ("page", page_part))


def report(results):
    meta = results["meta"]
    parts = ["# What %s costs" % meta["version"],
             "`%s` on %s; %d rounds, %.0f minutes. %s" % (
                 meta["command"], meta["machine"], meta["rounds"],
                 meta["seconds"] / 60, ABOUT)]
    if meta["missing"]:
        parts.append("Not in this run: %s." % "; ".join(meta["missing"]))
    parts += [part(results) for key, part in PARTS if results.get(key)]
    return "\n\n".join(part for part in parts if part) + "\n"


def readme_table(results):
    """Total CPU × and peak × of the default and heaptrack, by program."""
    default, titles = default_of(results), results["meta"]["titles"]
    keys = [key for key in (default, "heaptrack", "jemalloc", "gperftools")
            if any(key in program["watched"]
                   for program in results["programs"].values())]
    rows = []
    for name, program in results["programs"].items():
        watched = program["watched"]
        bare = watched["bare"]["program_kib"]
        row = [name, "{:,}".format(program["allocations"])
               if program["allocations"] else "few"]
        for key in keys:
            cell = watched.get(key)
            row.append("%.2f / %.2f / %s" % (
                cell["wall"][0], cell["cpu"][0],
                "%.2f" % (cell["program_kib"] / bare) if bare else "–")
                if cell else "–")
        rows.append(row)
    return "wall × / total CPU × / peak RSS × of the bare program, %s:\n\n" % \
        results["meta"]["machine"] + table(
            ["program", "allocations", *(titles[key] for key in keys)], rows)
