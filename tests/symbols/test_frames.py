# SPDX-License-Identifier: MIT
"""The engine's frames against those of `addr2line -i`: at every return address
of some programs, each function, file and line is the same."""

import os
import re
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../integration"))
# pylint: disable=wrong-import-position
from memscope_test import BIN, BUILD, TestCase, main, say  # noqa: E402

LIBC = "/lib/x86_64-linux-gnu/libc.so.6"
FRAMES_OF = os.path.join(BUILD, "tests/symbols/frames_of")


def return_addresses(path, section=".text"):
    """The address after each call of the program."""
    text = subprocess.run(
        ["objdump", "-d", "--no-show-raw-insn", "-j", section, path],
        capture_output=True, text=True, check=True).stdout
    result, after_call = [], False
    for line in text.splitlines():
        match = re.match(r"^\s*([0-9a-f]+):\t(\S+)(?:\s+(\S+))?", line)
        if match is None:
            continue
        if after_call:
            result.append(int(match.group(1), 16))
        after_call = "call" in (match.group(2), match.group(3)) \
            or match.group(2) in ("callq",)
    return result


def last_part(name):
    """The name without parameters, template arguments and namespaces."""
    name = name.split(" [clone ")[0].replace("(anonymous namespace)", "anon")
    name = name.replace("operator()", "operator_call")
    name = re.sub(r"operator ?(<<|<=|<|>>|>=|->|>)", "operator_sign", name)
    flat, depth = "", 0
    for letter in name:
        if letter in "(<{":
            depth += 1
        elif letter in ")>}":
            depth -= 1
        elif depth == 0:
            flat += letter
    flat = re.sub(r" const$", "", flat.strip())
    return re.split(r"::|\s", flat)[-1] if "operator " not in flat else flat


def same_function(mine, theirs):
    """Of local functions addr2line shows now the symbol, now the plain name of
    the debug information; of a clone, that it is one."""
    if theirs == "??":
        return "+0x" in mine
    return mine.replace(" ", "") == theirs.replace(" ", "") or last_part(mine) == last_part(theirs) \
        or re.sub(r"\.(cold|part|isra|constprop).*", "", theirs) == mine


def same(mine, theirs):
    if theirs[0][2] == 0 and len(theirs) == 1:
        # No line: the file, if any, is that of a symbol.
        return mine[0][2] == 0 and same_function(mine[0][0], theirs[0][0])
    return len(mine) == len(theirs) and all(
        m[1:] == t[1:] and same_function(m[0], t[0])
        for m, t in zip(mine, theirs))


def ours(path, addresses, *arguments):
    """address -> [(function, file, line)], innermost first."""
    done = subprocess.run(
        [FRAMES_OF, path, *arguments],
        input="".join("%x\n" % a for a in addresses),
        capture_output=True, text=True, check=True, timeout=300)
    result, frames = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("0x") and "\t" not in line:
            frames = result.setdefault(int(line, 16), [])
        else:
            function, where = line.split("\t")
            file, number = where.rsplit(":", 1)
            frames.append((function, os.path.normpath(file)
                           if file else "", int(number)))
    return result, done.stderr.strip()


def find_symbolizer():
    for name in ("llvm-symbolizer-14", "llvm-symbolizer"):
        if shutil.which(name):
            return name
    return None


def theirs_of(command, addresses):
    """What addr2line, or a tool of the same output, makes of them."""
    done = subprocess.run(
        command,
        input="".join("0x%x\n" % (a - 1) for a in addresses),
        capture_output=True, text=True, check=True, timeout=300)
    result, frames, function = {}, None, None
    for line in done.stdout.splitlines():
        if re.match(r"^0x[0-9a-f]+$", line):
            frames = result.setdefault(int(line, 16) + 1, [])
            function = None
        elif function is None:
            function = line
        else:
            line = re.sub(r" \(discriminator \d+\)$", "", line)
            file, number = line.rsplit(":", 1)
            frames.append((function,
                           os.path.normpath(file) if file != "??" else "",
                           int(number) if number != "?" else 0))
            function = None
    return result


class Frames(TestCase):
    def compare(self, path, least_inlined):
        addresses = return_addresses(path)
        mine, summary = ours(path, addresses)
        say("%s: %s" % (os.path.basename(path), summary))
        tools = [["addr2line", "-i", "-f", "-a", "-C", "-e", path]]
        if find_symbolizer():
            tools.append([find_symbolizer(), "--output-style=GNU", "-i", "-f",
                          "-a", "-C", "--obj=" + path])
        different = set(addresses)
        for tool in tools:
            theirs = theirs_of(tool, addresses)
            differ = {a for a in addresses if not same(mine[a], theirs[a])}
            different &= differ
            say("%s: %d differ" % (tool[0], len(differ)))
        inlined = sum(len(frames) - 1 for frames in mine.values())
        say("%d return addresses, %d inlined frames, %d unlike all tools" % (
            len(addresses), inlined, len(different)))
        self.assertGreater(len(addresses), 100)
        self.assertGreaterEqual(inlined, least_inlined)
        self.assertEqual([(hex(a), mine[a], theirs[a])
                          for a in sorted(different)][:3], [])

    def test_cpp_optimized(self):
        self.compare(os.path.join(BUILD, "tests/symbols/inlining"), 500)

    def test_cpp_by_clang(self):
        """Without .debug_aranges, which elfutils' own search needs."""
        path = os.path.join(BUILD, "tests/symbols/inlining_clang")
        if not os.path.exists(path):
            self.skipTest("there is no clang++")
        self.compare(path, 500)

    def test_stripped(self):
        """Of what has no debug information there are the exported functions;
        the others have no wrong names."""
        path = shutil.which("redis-server") or sys.executable
        self.compare(os.path.realpath(path), 0)

    def compare_by_parts(self, path, every=1):
        """Where tools disagree with each other, often in files that are
        included: each function and each place is one that some tool gives.
        Returns how many are not."""
        addresses = return_addresses(path)[::every]
        mine, summary = ours(path, addresses)
        tools = [["addr2line", "-i", "-f", "-a", "-C", "-e", path],
                 [find_symbolizer(), "--output-style=GNU", "-i", "-f", "-a",
                  "-C", "--obj=" + path]]
        theirs = [theirs_of(tool, addresses) for tool in tools]

        def like(address):
            frames = mine[address]
            given = [t[address] for t in theirs
                     if len(t[address]) == len(frames)]
            return given and all(
                any(f[1:] == g[i][1:] for g in given) and
                any(same_function(f[0], g[i][0]) for g in given)
                for i, f in enumerate(frames))
        whole = [sum(not same(mine[a], t[a]) for a in addresses)
                 for t in theirs]
        # Of a symbol with several names and no lines any name is right.
        unlike = [(hex(a), mine[a], [t[a] for t in theirs]) for a in addresses
                  if not like(a) and mine[a][0][2] != 0]
        say("%s: %s" % (path, summary))
        say("%d return addresses, %d inlined frames, unlike addr2line %d, "
            "unlike llvm-symbolizer %d, unlike both in a part %d" % (
                len(addresses), sum(len(f) - 1 for f in mine.values()),
                *whole, len(unlike)))
        return unlike

    @unittest.skipUnless(find_symbolizer(), "there is no llvm-symbolizer")
    def test_debug_information_in_a_file_of_its_own(self):
        """libc's, which libc6-dbg brings, compressed by dwz."""
        _, summary = ours(LIBC, return_addresses(LIBC)[:10])
        if "source debug" not in summary:
            self.skipTest("there is no libc6-dbg")
        self.assertEqual(self.compare_by_parts(LIBC, 5)[:3], [])

    @unittest.skipUnless(os.environ.get("MEMSCOPE_FRAMES_OF_PROGRAMS"),
                         "no programs were named")
    def test_programs_that_were_named(self):
        for path in os.environ["MEMSCOPE_FRAMES_OF_PROGRAMS"].split(":"):
            self.assertEqual(self.compare_by_parts(path)[:3], [])

    def test_c(self):
        self.compare(BIN, 0)


if __name__ == "__main__":
    main()
