#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes docs/snapshot.schema.json, the schema of a saved snapshot, out of
server/openapi.json. With --check: says whether it is as it should be."""

import json
import os
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
FILE = os.path.join(ROOT, "docs/snapshot.schema.json")
PREFIX = "#/components/schemas/"


def referred(part, found, schemas):
    """Adds the names of all schemas that a part refers to."""
    if isinstance(part, dict):
        name = part.get("$ref", "")
        if name.startswith(PREFIX) and name[len(PREFIX):] not in found:
            found.add(name[len(PREFIX):])
            referred(schemas[name[len(PREFIX):]], found, schemas)
        for value in part.values():
            referred(value, found, schemas)
    elif isinstance(part, list):
        for value in part:
            referred(value, found, schemas)


def make():
    with open(os.path.join(ROOT, "server/openapi.json"),
              encoding="utf-8") as f:
        schemas = json.load(f)["components"]["schemas"]
    names = {"Snapshot"}
    referred(schemas["Snapshot"], names, schemas)
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A snapshot of memscope, version 1",
        "$ref": "#/$defs/Snapshot",
        "$defs": {name: schemas[name] for name in sorted(names)},
    }
    return json.dumps(schema, indent=1).replace(PREFIX, "#/$defs/") + "\n"


def main():
    text = make()
    if "--check" in sys.argv[1:]:
        with open(FILE, encoding="utf-8") as f:
            if f.read() != text:
                print("docs/snapshot.schema.json is old: run "
                      "scripts/snapshot-schema.py", file=sys.stderr)
                return 1
        return 0
    with open(FILE, "w", encoding="utf-8") as f:
        f.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
