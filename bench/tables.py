# SPDX-License-Identifier: MIT
"""Tables and figures of the report, in Markdown."""


def table(heads, rows):
    """A Markdown table; the first column reads from the left."""
    lines = ["| " + " | ".join(heads) + " |",
             "|---" + "|--:" * (len(heads) - 1) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |"
              for row in rows]
    return "\n".join(lines)


def with_spread(three, digits=2, mark=""):
    if three is None:
        return "–"
    middle, low, high = ("%.*f" % (digits, value) for value in three)
    if low == high:
        return middle + mark
    return "%s%s (%s–%s)" % (middle, mark, low, high)
