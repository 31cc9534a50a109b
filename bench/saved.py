# SPDX-License-Identifier: MIT
"""Results as they are kept: NAME.json, the report of it in NAME.md, and the
README's table."""

import json
import os

from report import readme_table, report

HERE = os.path.dirname(os.path.abspath(__file__))
LATEST = os.path.join(HERE, "results/latest")
README = os.path.join(HERE, "../README.md")
MARKS = ("<!-- bench: from bench/results/latest.json, by bench/run.py "
         "--readme -->", "<!-- /bench -->")


def load(path):
    with open(path + ".json", encoding="utf-8") as file:
        return json.load(file)


def save(path, results):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    os.replace(path + ".tmp", path + ".json")
    with open(path + ".md", "w", encoding="utf-8") as file:
        file.write(report(load(path)))


def rewrite_readme():
    """Puts the table of latest.json between the marks of the README."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    before, rest = text.split(MARKS[0])
    after = rest.split(MARKS[1])[1]
    with open(README, "w", encoding="utf-8") as file:
        file.write(before + MARKS[0] + "\n\n" + readme_table(load(LATEST)) +
                   "\n\n" + MARKS[1] + after)
