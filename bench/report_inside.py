# SPDX-License-Identifier: MIT
"""The report's parts on the engine and the server themselves."""

import targets
from tables import table, with_spread


def engine_part(results):
    ticks = results["engine"]["ticks"]
    rows = [[run["threads"], "%.1f" % run["first_ms"],
             "%.3f" % run["changed_1_ms"],
             "%.2f%s" % (run["changed_1000_ms"], targets.mark(
                 run["changed_1000_ms"], targets.TICK_MS)),
             "%.2f" % run["busy_1000_ms"], "%.0f" % run["changed_all_ms"]]
            for run in ticks["ticks"]]
    blocks = [["{:,}".format(run["blocks"]),
               "%.0f%s" % (run["snapshot_ms"], targets.mark(
                   run["snapshot_ms"], targets.SNAPSHOT_MS)),
               "%.2f" % run["share_left"],
               "%.0f" % run["blocks_out_mb_per_s"],
               "%.1f" % run["bytes_per_block"]] for run in ticks["blocks"]]
    s = results["engine"]["snapshots"]
    lines = [
        "Export of a snapshot: %.0f MB/s%s (reading the same bytes: %.0f); "
        "import: %.0f MB/s (the parser alone: %.0f), %.1f times its size in "
        "memory. A site: %.0f bytes of the model." % (
            s["export_mb_per_s"], targets.mark(
                s["export_mb_per_s"], targets.EXPORT_MB_PER_S, least=True),
            s["read_mb_per_s"], s["import_mb_per_s"], s["parser_mb_per_s"],
            s["import_memory"] / s["bytes"],
            ticks["blocks"][0]["model_bytes_per_site"])]
    names = results["engine"].get("symbols")
    if names:
        lines.append("Names, inlined functions and lines of {:,} addresses of "
                     "{}: {:.2f} s{}, {:,} frames.".format(
                         names["addresses"], names["file"], names["seconds"],
                         targets.mark(names["seconds"], targets.SYMBOLS_S),
                         names["frames"]))
    return "\n\n".join((
        "## The engine, {:,} sites".format(ticks["sites"]),
        table(("threads", "first tick ms", "1 site changed",
               "1,000 changed", "1,000, ten times the events", "all changed"),
              rows),
        table(("live blocks", "snapshot ms", "throughput left to a thread "
               "that allocates, ten snapshots a second",
               "blocks written out MB/s", "bytes a block"), blocks), *lines,
        "CPU time of the thread that does it, medians."))


def crowd_row(run):
    return ["{:,} at {}".format(run["viewers"], run["hz"]),
            "{:,}".format(run["bytes"]),
            "{:,.0f}".format(run["messages_per_s"][0]),
            with_spread(run["us"], 1), with_spread(run["floor_us"], 1),
            with_spread(run["ratio"], 2, targets.mark(
                run["ratio"][0], targets.FANOUT_RATIO)),
            "%.1f" % run["p50_ms"], "%.1f%s" % (run["p99_ms"], targets.mark(
                run["p99_ms"], targets.FANOUT_P99_MS)),
            "%.1f" % run["floor_p99_ms"], "%.1f" % run["kib_per_viewer"],
            "%.1f" % run["floor_kib_per_viewer"]]


def server_part(results):
    server = results["server"]
    parts = ["## The server and its viewers", table(
        ("viewers, messages/s each", "bytes", "messages/s", "CPU µs",
         "bare broadcast µs", "ratio", "age p50 ms", "p99", "broadcast's p99",
         "KiB a viewer", "broadcast's"),
        [crowd_row(run) for run in server["crowds"]]),
        "Each viewer reads and acknowledges every message. The broadcast is "
        "libwebsockets alone with one text of the same size, to the same "
        "client, on the same machine. The age of a message: since the tick "
        "that it is of.",
        table(("viewers at 10/s", "program's CPU ns an event",
               "of that without", "its events/s"),
              [["{:,}{}".format(row["viewers"], ", of the bare broadcast"
                                if row["elsewhere"] else ""),
                "%.1f" % row["cpu_ns"], with_spread(row["cost"], 2),
                "{:,.0f}".format(row["events_per_s"])]
               for row in server["beside"]]),
        "The program only allocates and frees. 0 is there twice: the second "
        "says what is chance. The viewers of the bare broadcast take the same "
        "CPU and have nothing to do with the program: of an event beside "
        "them, one beside as many viewers of memscope costs %s." % with_spread(
            server["beside"][-2]["of_elsewhere"], 2)]
    if server.get("http"):
        parts.append(table(
            ("requests/s by wrk", "memscope", "nginx", "ratio",
             "a connection each: memscope", "nginx", "ratio",
             "late ticks, of"),
            [[what, "{:,.0f}".format(run["per_s"][0]),
              "{:,.0f}".format(run["nginx_per_s"][0]),
              with_spread(run["ratio"], 2),
              "{:,.0f}".format(run["closed_per_s"][0]),
              "{:,.0f}".format(run["nginx_closed_per_s"][0]),
              with_spread(run["closed_ratio"], 2),
              "%d, %d" % (run["late_ticks"], run["ticks"])]
             for what, run in server["http"].items()]))
    return "\n\n".join(parts)
