# SPDX-License-Identifier: MIT
"""Names come from the file that was loaded, wherever it is by now, or from
none: debug information in a file of its own, programs whose file was replaced
or removed, another root directory. Never from a file that only has the
right name."""

import os
import shutil
import subprocess
import unittest

from memscope_test import LIBRARY, Memscope, TestCase, main, say

PROGRAM = """
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
void *volatile keep;
__attribute__((noinline)) void *%s(void)
{
    void *block = malloc(1234);
    __asm__ volatile("" : "+r"(block));
    return block;
}
int main(void)
{
    char byte;
    %s
    if (write(1, "here\\n", 5) != 5 || read(0, &byte, 1) != 1)
        return 1;
    keep = %s();
    if (write(1, "ready\\n", 6) != 6)
        return 1;
    return read(0, &byte, 1) < 0;
}
"""
LINE = 8  # of the call of malloc


def build(path, function="remember", *flags, padding=""):
    """A program that allocates 1234 bytes at a known place."""
    subprocess.run(
        ["cc", "-g", "-O1", "-fno-optimize-sibling-calls", "-Wl,--build-id",
         "-xc", "-", "-o", path, *flags], check=True,
        input=(PROGRAM % (function, padding, function)).encode())


class SymbolFiles(TestCase):
    def site(self, memscope):
        """The site of the 1234 bytes, once its name is final."""
        memscope.settle()
        return next(row for row in memscope.named_picture().sites
                    if row["live_bytes"] == 1234)

    def go(self, memscope):
        """Lets the program allocate."""
        memscope.line()
        memscope.write(b"\n")
        memscope.line(1)

    def source(self, memscope, path):
        return next(row["symbols"] for row in memscope.get("/modules")["rows"]
                    if row["path"] == path)

    def assert_named(self, site, function="remember"):
        self.assertEqual(site["function"], function)
        self.assertEqual(site["line"], LINE)

    def split(self, directory, path):
        """Puts the debug information of a program into a file of its own."""
        os.mkdir(os.path.join(directory, ".debug"))
        debug = os.path.join(directory, ".debug", "program.debug")
        subprocess.run(["objcopy", "--only-keep-debug", path, debug],
                       check=True)
        subprocess.run(["objcopy", "--strip-all",
                        "--add-gnu-debuglink=" + debug, path], check=True)
        return debug

    def test_debug_information_in_a_file_of_its_own(self):
        directory = self.scratch()
        path = os.path.join(directory, "program")
        build(path)
        self.split(directory, path)
        with Memscope(path) as memscope:
            self.go(memscope)
            self.assert_named(self.site(memscope))
            self.assertEqual(self.source(memscope, path), "debug")

    def test_debug_information_of_another_build_is_not_used(self):
        directory = self.scratch()
        path, other = (os.path.join(directory, n) for n in ("program", "other"))
        build(path)
        debug = self.split(directory, path)
        build(other, "somebody_else")
        subprocess.run(["objcopy", "--only-keep-debug", other, debug],
                       check=True)
        with Memscope(path) as memscope:
            self.go(memscope)
            self.assertRegex(self.site(memscope)["function"],
                             r"^program\+0x[0-9a-f]+$")
            self.assertEqual(self.source(memscope, path), "symbols")

    def replaced(self, replace):
        directory = self.scratch()
        path = os.path.join(directory, "program")
        build(path)
        with Memscope(path) as memscope:
            memscope.line()
            # Nobody has looked into the file yet: it has no site so far.
            os.unlink(path)
            replace(path)
            self.go(memscope)
            return memscope, path, self.site(memscope), \
                self.source(memscope, path)

    def test_a_program_whose_file_is_gone(self):
        _, _, site, source = self.replaced(lambda path: None)
        self.assert_named(site)
        self.assertEqual(source, "debug")

    def test_a_program_whose_file_is_another_by_now(self):
        _, _, site, source = self.replaced(
            lambda path: build(path, "somebody_else", padding="getpid();"))
        self.assert_named(site)
        self.assertEqual(source, "debug")

    def test_a_library_whose_file_is_another_by_now(self):
        """What the process has mapped may be read by some users only: then
        there is no name, and that is said."""
        directory = self.scratch()
        library = os.path.join(directory, "libremember.so")
        path = os.path.join(directory, "program")
        source = PROGRAM.replace("int main(void)", "int run(void)")
        subprocess.run(
            ["cc", "-g", "-O1", "-fno-optimize-sibling-calls", "-shared",
             "-fPIC", "-Wl,--build-id", "-xc", "-", "-o", library], check=True,
            input=(source % ("remember", "", "remember")).encode())
        subprocess.run(
            ["cc", "-o", path, "-xc", "-", "-xnone", library], check=True,
            input=b"int run(void); int main(void) { return run(); }")
        with Memscope(path) as memscope:
            memscope.line()
            os.unlink(library)
            build(library, "somebody_else", "-shared", "-fPIC")
            self.go(memscope)
            site = self.site(memscope)
            source = self.source(memscope, library)
        say("library: %s, %s" % (site["function"], source))
        if source == "missing":
            self.assertRegex(site["function"],
                             r"^libremember\.so\+0x[0-9a-f]+$")
        else:
            self.assert_named(site)

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("chroot"),
                         "only root may change the root directory")
    def test_a_program_in_another_root_directory(self):
        root = self.scratch()
        outside = self.scratch()
        inside = os.path.join(root, outside.lstrip("/"))
        os.makedirs(inside)
        path = os.path.join(outside, "program")
        build(os.path.join(inside, "program"))
        build(path, "somebody_else", padding="getpid();")  # by the same path
        for library in (LIBRARY, *self.libraries(path)):
            place = root + os.path.realpath(library)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            shutil.copy(library, place)
            link = root + library
            if not os.path.exists(link):
                os.makedirs(os.path.dirname(link), exist_ok=True)
                shutil.copy(library, link)
        with Memscope("chroot", root, path) as memscope:
            self.go(memscope)
            self.assert_named(self.site(memscope))

    def libraries(self, path):
        listed = subprocess.run(["ldd", path], capture_output=True, text=True,
                                check=True).stdout
        found = [word for line in listed.splitlines()
                 for word in line.split() if word.startswith("/")]
        return found + ["/lib/x86_64-linux-gnu/libdl.so.2"] \
            if os.path.exists("/lib/x86_64-linux-gnu/libdl.so.2") else found


if __name__ == "__main__":
    main()
