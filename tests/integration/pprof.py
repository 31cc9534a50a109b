# SPDX-License-Identifier: MIT
"""A reader of pprof's profiles for the tests, from the published wire format:
it shares nothing with what writes them."""

import gzip


def _varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7f) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _signed(number):
    return number - (1 << 64) if number >= 1 << 63 else number


def fields(data):
    """(number, value) of each field; a value is an int or bytes."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 == 0:
            value, at = _varint(data, at)
        else:
            assert key & 7 == 2, "wire type %d" % (key & 7)
            length, at = _varint(data, at)
            value, at = data[at:at + length], at + length
            assert len(value) == length, "cut"
        yield key >> 3, value


def _numbers(value):
    """Of a repeated number: packed, or one."""
    if isinstance(value, int):
        return [_signed(value)]
    result, at = [], 0
    while at < len(value):
        number, at = _varint(value, at)
        result.append(_signed(number))
    return result


def _message(data, repeated=()):
    result = {number: [] for number in repeated}
    for number, value in fields(data):
        if number in repeated:
            result[number].append(value)
        else:
            result[number] = value
    return result


class Profile:
    """A whole profile. `samples`: ([location ids], [values])."""

    def __init__(self, packed):
        top = _message(gzip.decompress(packed), (1, 2, 3, 4, 5, 6, 13))
        self.strings = [text.decode() for text in top[6]]
        assert self.strings[0] == ""
        self.types = [self._type(t) for t in top[1]]
        self.samples = []
        for data in top[2]:
            ids, values = [], []
            for number, value in fields(data):
                (ids if number == 1 else values).extend(_numbers(value))
            assert len(values) == len(self.types)
            self.samples.append((ids, values))
        self.mappings = [_message(data) for data in top[3]]
        self.functions = {f[1]: (self.strings[f.get(2, 0)],
                                 self.strings[f.get(4, 0)])
                          for f in map(_message, top[5])}
        self.locations = {}
        for data in top[4]:
            m = _message(data, (4,))
            lines = [_message(line) for line in m[4]]
            assert m[1] not in self.locations, "a location twice"
            self.locations[m[1]] = (
                m.get(2, 0), m.get(3, 0),
                [(self.functions[line[1]], line.get(2, 0)) for line in lines])
        self.comments = [self.strings[i] for value in top[13]
                         for i in _numbers(value)]
        self.time_ns, self.duration_ns = top.get(9, 0), top.get(10, 0)
        self.period, self.default = top.get(12, 0), self.strings[top[14]]
        mappings = {m[1] for m in self.mappings} | {0}
        for ids, _ in self.samples:
            for number in ids:
                assert self.locations[number][0] in mappings

    def _type(self, data):
        m = _message(data)
        return self.strings[m.get(1, 0)], self.strings[m.get(2, 0)]

    def total(self, name):
        column = [t for t, _ in self.types].index(name)
        return sum(values[column] for _, values in self.samples)

    def stack(self, ids):
        """Function names, innermost first."""
        return [function for number in ids
                for (function, _), _ in self.locations[number][2]]
