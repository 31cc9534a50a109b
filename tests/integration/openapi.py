# SPDX-License-Identifier: MIT
"""What the tests of server/openapi.json share: requests whose answers are held
against it, and the ways to break an answer."""

import json
import os
import re

import jsonschema
import memscope_test
from memscope_test import ROOT, Memscope


def routes():
    """{path: (methods, parameters of GET)} of server/routes.c."""
    with open(os.path.join(ROOT, "server/routes.c"), encoding="ascii") as f:
        source = f.read()
    table = re.search(r"} routes\[\] = \{\n(.*?)\n\};", source, re.S).group(1)
    found = {}
    for path, get, post, delete, parameters in re.findall(
            r'\{"([^"]+)",\s*(\w+),\s*(\w+),\s*(\w+),\s*\{([^}]*)\}\}',
            table.replace("SESSION", '"session"')):
        methods = {name for name, handler in
                   (("get", get), ("post", post), ("delete", delete))
                   if handler != "NULL"}
        path += "{id}" if path.endswith("/") else ""
        found[path] = (methods, set(re.findall(r'"(\w+)"', parameters)))
    assert len(found) == table.count('{"/'), "the table is read whole"
    return found

# What files of an older memscope do not have, so that no snapshot has to.
PARTS = {"history", "findings", "leak_scan", "leak_rows", "groups", "types",
         "variables", "measured_types", "measured_rows"}


class Described(memscope_test.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scope = Memscope(memscope_test.DEMO, flags=("--port", "0"))
        cls.scope.settle()
        cls.document = cls.scope.get("/openapi.json")
        cls.exercised = set()
        cls.bodies = {}
        cls.named = {}  # schemas, with nothing left to look up

    @classmethod
    def tearDownClass(cls):
        cls.scope.__exit__()

    def operation(self, path, method):
        return self.document["paths"][path][method]

    def response(self, path, method, status):
        """The documented answer, with references followed."""
        responses = self.operation(path, method)["responses"]
        found = responses.get(str(status), responses.get("default"))
        self.assertIsNotNone(found, "%s %s answered %d" % (
            method, path, status))
        if "$ref" in found:
            found = self.document["components"]["responses"][
                found["$ref"].rsplit("/", 1)[1]]
        return found

    def validator(self, schema):
        """With what it refers to in its place: to look that up at every row
        takes longer than all else."""
        return jsonschema.Draft202012Validator(self.inlined(schema))

    def inlined(self, schema):
        if isinstance(schema, list):
            return [self.inlined(part) for part in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" not in schema:
            return {key: self.inlined(part) for key, part in schema.items()}
        assert list(schema) == ["$ref"], schema
        name = schema["$ref"].rsplit("/", 1)[1]
        if name not in self.named:
            self.named[name] = self.inlined(
                self.document["components"]["schemas"][name])
        return self.named[name]

    def ask(self, path, method="get", query="", status=200, body=None,
            headers=None, number=1, url=None):
        """One request, its answer held against the description."""
        headers = dict(headers or {})
        real = (url or path.replace("{id}", str(number))) + query
        got, answered, data = self.scope.request(
            method.upper(), real, body, headers)
        what = "%s %s: %d %s" % (method, real, got, data[:300])
        self.assertEqual(got, status, what)
        found = self.response(path, method, status)
        self.exercised.add((path, method, str(status)))
        for name, header in found.get("headers", {}).items():
            if header.get("required"):
                self.assertIn(name, answered, what)
            if name in answered:
                self.validator(header["schema"]).validate(answered[name])
        if "content" not in found:
            self.assertEqual(data, b"", what)
            return None
        kind = answered["Content-Type"].split(";")[0]
        self.assertIn(kind, found["content"], what)
        if method == "get" and status not in (414, 429, 431):
            self.same_head(real, headers, got, answered)
        schema = found["content"][kind].get("schema")
        if schema is None:
            return data
        value = json.loads(data)
        self.validator(schema).validate(value)
        if isinstance(value.get("rows"), list):
            value = {**value, "rows": value["rows"][:3]}
        self.bodies.setdefault(json.dumps(schema), (schema, value))
        return json.loads(data)

    def same_head(self, real, headers, status, answered):
        got, other, data = self.scope.request("HEAD", real, None, headers)
        self.assertEqual((got, data), (status, b""), real)
        self.assertEqual(other["Content-Type"], answered["Content-Type"])

    def is_schema(self, schema):
        jsonschema.Draft202012Validator.check_schema(schema)
        for part in self.parts(schema):
            if isinstance(part, dict) and "$ref" in part:
                name = part["$ref"].rsplit("/", 1)[1]
                self.assertIn(name, self.document["components"]["schemas"])
            if isinstance(part, dict) and part.get("type") == "object" \
                    and "properties" in part:
                self.assertIs(part["additionalProperties"], False, part)

    def parts(self, value):
        yield value
        inner = value.values() if isinstance(value, dict) else \
            value if isinstance(value, list) else ()
        for part in inner:
            yield from self.parts(part)

    def shortened(self, value):
        """The same with the first rows of each table: one stands for all."""
        if isinstance(value, dict):
            return {key: self.shortened(v) for key, v in value.items()}
        if isinstance(value, list) and value and \
                isinstance(value[0], (dict, list)):
            return [self.shortened(v) for v in value[:3]]
        return value

    def changes(self, value, path=()):
        """Functions that each break one thing in a copy."""
        def at(root):
            for key in path:
                root = root[key]
            return root
        if isinstance(value, dict):
            yield lambda root: at(root).__setitem__("surplus", 1)
            for key in value:
                if path or key not in PARTS:
                    yield lambda root, key=key: at(root).pop(key)
                yield lambda root, key=key: at(root).__setitem__(
                    key, [] if isinstance(at(root)[key], dict) else {})
                if isinstance(value[key], (int, float)) and \
                        not isinstance(value[key], bool):
                    yield lambda root, key=key: at(root).__setitem__(
                        key, str(at(root)[key]))
                yield from self.changes(value[key], path + (key,))
        elif isinstance(value, list) and value:
            if isinstance(value[0], (dict, list)):
                yield from self.changes(value[0], path + (0,))
            elif len(value) in (13, 20, 34, 48):
                yield lambda root: at(root).pop()
                yield lambda root: at(root).__setitem__(0, "text")
