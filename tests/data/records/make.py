#!/usr/bin/env python3
"""Writes the record vectors beside this file. Needs nothing but Python 3.

The canonical bytes are written out by hand from the RFCs, not computed, so that they
are independent of every implementation; only SHA-256 comes from hashlib. Each vector
has one of
  input      the record as text          cells  the record of row/1, one cell a column
  input_hex  the record as bytes
and one of
  canonical, canonical_hex (with sha256)     error  a part of setlog's message
plus the scheme's parameters, named as in the manifest.
"""
import base64
import hashlib
import json
import pathlib

HERE = pathlib.Path(__file__).parent


class Vectors:
    def __init__(self, scheme):
        self.scheme, self.vectors = scheme, []

    def _add(self, name, given, **rest):
        vector = {"name": name}
        if isinstance(given, list):
            vector["cells"] = given
        elif isinstance(given, bytes):
            vector["input_hex"] = given.hex()
        else:
            vector["input"] = given
        vector.update({k: v for k, v in rest.items() if v is not None})
        self.vectors.append(vector)

    def ok(self, name, given, canonical, fields=None, columns=None):
        if isinstance(canonical, bytes):
            data, shown = canonical, {"canonical_hex": canonical.hex()}
        else:
            data, shown = canonical.encode(), {"canonical": canonical}
        self._add(name, given, fields=fields, columns=columns, **shown,
                  sha256=hashlib.sha256(data).hexdigest())

    def refuse(self, name, given, error, fields=None, columns=None):
        self._add(name, given, fields=fields, columns=columns, error=error)

    def write(self):
        assert len(self.vectors) >= 20, self.scheme
        path = HERE / (self.scheme.replace("/1", "") + ".json")
        document = {"scheme": self.scheme, "vectors": self.vectors}
        path.write_text(json.dumps(document, indent=1, ensure_ascii=True) + "\n")


def bytes_vectors():
    v = Vectors("bytes/1")
    for name, data in {
        "empty": b"", "NUL": b"\0", "LF": b"\n", "CRLF kept": b"a\r\nb\r\n",
        "no final newline": b"a", "final newline": b"a\n", "space": b" ",
        "high bytes": bytes(range(128, 256)), "all bytes": bytes(range(256)),
        "ill-formed UTF-8": b"\xff\xfe", "lone continuation": b"\x80",
        "BOM kept": b"\xef\xbb\xbfabc", "UTF-16": "abc".encode("utf-16-le"),
        "gzip header": b"\x1f\x8b\x08\0\0\0\0\0\0\3", "zstd magic": b"\x28\xb5\x2f\xfd",
        "JSON as it is": b'{"b": 1, "a": 2}', "63 bytes": b"x" * 63,
        "64 bytes": b"x" * 64, "65 bytes": b"x" * 65, "1000 bytes": b"\xaa" * 1000,
        "PNG signature": b"\x89PNG\r\n\x1a\n",
    }.items():
        v.ok(name, data, data)
    v.write()


def text_vectors():
    v = Vectors("text/1")
    for name, text in {
        "empty": "", "ASCII": "hello", "final newline kept": "hello\n",
        "CRLF kept": "a\r\nb", "spaces kept": "  a  b ", "tab": "\t", "NUL": "a\0b",
        "two bytes": "\u00e9", "NFD stays NFD": "e\u0301", "three bytes": "\u20ac",
        "four bytes": "\U0001f600", "BOM kept": "\ufeffa", "last before surrogates":
        "\ud7ff", "first after surrogates": "\ue000", "noncharacter": "\uffff",
        "last code point": "\U0010ffff", "unassigned": "\U0003fffd",
        "quotes are plain": "\"\\u0041\"", "mixed": "a\u00e9\u20ac\U0001f600z",
        "long line": "0123456789" * 30,
    }.items():
        v.ok(name, text, text)
    for name, data, at in [
        ("lone continuation", b"\x80", 1), ("FF", b"abc\xff", 4), ("FE", b"\xfe", 1),
        ("truncated two", b"a\xc3", 2), ("truncated three", b"\xe2\x82", 1),
        ("truncated four", b"ab\xf0\x9f\x98", 3), ("overlong slash", b"\xc0\xaf", 1),
        ("overlong two as C1", b"\xc1\xbf", 1), ("overlong three", b"\xe0\x80\xaf", 1),
        ("overlong four", b"\xf0\x80\x80\xaf", 1),
        ("high surrogate", b"\xed\xa0\x80", 1), ("low surrogate", b"\xed\xbf\xbf", 1),
        ("CESU-8 pair", b"\xed\xa0\xbd\xed\xb8\x80", 1),
        ("above U+10FFFF", b"\xf4\x90\x80\x80", 1), ("F5", b"\xf5\x80\x80\x80", 1),
        ("five bytes", b"\xf8\x88\x80\x80\x80", 1),
        ("Latin-1", "caf\u00e9 au lait".encode("latin-1"), 4),
        ("UTF-16 BOM", b"\xff\xfea\0", 1),
        ("after eight ASCII bytes", b"01234567\xe9", 9),
        ("second character", "\u00e9".encode() + b"\xc3(", 3),
    ]:
        v.refuse("refused: " + name, data, "column %d: ill-formed UTF-8" % at)
    v.write()


def json_vectors():
    v = Vectors("json/1")
    v.ok("empty object", "{}", "{}")
    v.ok("white space goes", " {\t\"a\" :\r\n 1 } \n", '{"a":1}')
    v.ok("keys are sorted", '{"b":1,"a":2,"C":3,"":4}', '{"":4,"C":3,"a":2,"b":1}')
    v.ok("nested keys are sorted", '{"z":{"b":[{"d":1,"c":2}],"a":0}}',
         '{"z":{"a":0,"b":[{"c":2,"d":1}]}}')
    v.ok("array order stays", '{"a":[3,1,2]}', '{"a":[3,1,2]}')
    v.ok("prefix sorts first", '{"ab":1,"a":2}', '{"a":2,"ab":1}')
    v.ok("UTF-16 order: emoji before U+E000", '{"\ue000":1,"\U0001f600":2,"\ud7ff":3}',
         '{"\ud7ff":3,"\U0001f600":2,"\ue000":1}')
    v.ok("escapes become characters", '{"a":"\\u00e9\\u20ac\\/\\u0041"}',
         '{"a":"\u00e9\u20ac/A"}')
    v.ok("surrogate pair becomes a character", '{"a":"\\ud83d\\ude00"}',
         '{"a":"\U0001f600"}')
    v.ok("controls are escaped the short way",
         '{"a":"\\u0000\\u0008\\u0009\\u000A\\u000b\\u000C\\u000d\\u001F\\u007f"}',
         '{"a":"\\u0000\\b\\t\\n\\u000b\\f\\r\\u001f\x7f"}')
    v.ok("quote and backslash", '{"a":"\\u0022\\u005c"}', '{"a":"\\"\\\\"}')
    v.ok("NFD stays NFD", '{"e\u0301":1,"\u00e9":2}', '{"e\u0301":1,"\u00e9":2}')
    v.ok("literals", '{"a":[null,true,false]}', '{"a":[null,true,false]}')
    v.ok("integers", '{"a":[0,-0,7,-7,9007199254740992,-9007199254740992]}',
         '{"a":[0,0,7,-7,9007199254740992,-9007199254740992]}')
    v.ok("floats", '{"a":[1.0,-0.0,1.50,1e2,1E-2,333333333.33333329]}',
         '{"a":[1,0,1.5,100,0.01,333333333.3333333]}')
    v.ok("layout limits", '{"a":[1e21,1e22,0.000001,0.0000001,1.5e-7,1E30]}',
         '{"a":[1e+21,1e+22,0.000001,1e-7,1.5e-7,1e+30]}')
    v.ok("extreme doubles", '{"a":[5e-324,1.7976931348623157e308,2.2250738585072014e-308]}',
         '{"a":[5e-324,1.7976931348623157e+308,2.2250738585072014e-308]}')
    v.ok("underflow is zero", '{"a":1e-400}', '{"a":0}')
    v.ok("a float literal is rounded", '{"a":[0.1,9007199254740993.0]}',
         '{"a":[0.1,9007199254740992]}')
    v.ok("empty containers", '{"a":[],"b":{},"c":""}', '{"a":[],"b":{},"c":""}')
    v.ok("key with escapes", '{"\\u0061\\n":1}', '{"a\\n":1}')
    v.ok("fields kept", '{"id":7,"text":"x","meta":{"k":1}}', '{"id":7,"text":"x"}',
         fields=["text", "id"])
    v.ok("one field", '{"b":2,"a":1}', '{"b":2}', fields=["b"])
    v.ok("a null field is there", '{"a":null,"b":1}', '{"a":null}', fields=["a"])
    v.ok("fields are whole values", '{"a":{"z":1,"y":[2]},"b":3}', '{"a":{"y":[2],"z":1}}',
         fields=["a"])
    v.ok("field order is UTF-16 too", '{"\ue000":1,"\U0001f600":2,"a":3}',
         '{"\U0001f600":2,"\ue000":1}', fields=["\ue000", "\U0001f600"])

    r = v.refuse
    r("refused: field missing", '{"a":1}', 'field "b" is missing', fields=["a", "b"])
    r("refused: field only nested", '{"a":{"b":1}}', 'field "b" is missing', fields=["b"])
    r("refused: field of other case", '{"A":1}', 'field "a" is missing', fields=["a"])
    r("refused: duplicate key", '{"a":1,"a":1}', 'column 8: duplicate key "a"')
    r("refused: duplicate by escape", '{"a":1,"\\u0061":2}', 'column 8: duplicate key "a"')
    r("refused: nested duplicate", '{"x":[{"k":1,"k":2}]}', 'column 14: duplicate key "k"')
    r("refused: duplicate outside the fields", '{"a":1,"b":1,"b":2}', "duplicate key",
      fields=["a"])
    r("refused: lone high surrogate", '{"a":"\\ud800"}', "surrogate")
    r("refused: lone low surrogate", '{"a":"\\udc00"}', "surrogate")
    r("refused: reversed pair", '{"a":"\\ude00\\ud83d"}', "surrogate")
    r("refused: NaN", '{"a":NaN}', "column 6:")
    r("refused: Infinity", '{"a":Infinity}', "column 6:")
    r("refused: -Infinity", '{"a":-Infinity}', "column 7:")
    r("refused: overflow", '{"a":1e400}', "overflows")
    r("refused: 2^53 + 1", '{"a":9007199254740993}', "column 6: integer 9007199254740993")
    r("refused: -(2^53 + 1)", '{"a":-9007199254740993}', "beyond 2^53")
    r("refused: 2^64", '{"a":18446744073709551616}', "beyond 2^53")
    r("refused: ten to the 20th, written out", '{"a":100000000000000000000}',
      "beyond 2^53")
    r("refused: array", "[1]", "not a JSON object")
    r("refused: string", '"a"', "not a JSON object")
    r("refused: number", "1", "not a JSON object")
    r("refused: null", "null", "not a JSON object")
    r("refused: empty", "", "column 1:")
    r("refused: trailing bytes", "{} {}", "column 4:")
    r("refused: trailing comma", '{"a":1,}', "column 8:")
    r("refused: comment", '{"a":1}//', "column 8:")
    r("refused: single quotes", "{'a':1}", "column 2:")
    r("refused: unquoted key", "{a:1}", "column 2:")
    r("refused: leading zero", '{"a":01}', "column 7:")
    r("refused: leading plus", '{"a":+1}', "column 6:")
    r("refused: no digit after the point", '{"a":1.}', "column 8:")
    r("refused: raw newline in a string", '{"a":"b\nc"}', "control character")
    r("refused: bad escape", '{"a":"\\x41"}', "column 8:")
    r("refused: truncated", '{"a":', "column 6:")
    r("refused: NUL behind the value", "{}\0", "column 3: NUL")
    r("refused: BOM", "\ufeff{}", "column 1: byte order mark")
    r("refused: ill-formed UTF-8", b'{"a":"\xff"}', "ill-formed UTF-8")
    r("refused: overlong UTF-8", b'{"a":"\xc0\xaf"}', "ill-formed UTF-8")
    r("refused: surrogate in UTF-8", b'{"a":"\xed\xa0\x80"}', "ill-formed UTF-8")
    r("refused: 257 levels", '{"a":' * 257 + "1" + "}" * 257, "nested deeper than 256")
    v.ok("256 levels", '{"a":' * 256 + "1" + "}" * 256, '{"a":' * 256 + "1" + "}" * 256)
    v.write()


def row_vectors():
    v = Vectors("row/1")

    def one(name, type_name, cell, canonical):
        v.ok(name, [cell], '{"x":%s}' % canonical, columns=[["x", type_name]])

    def bad(name, type_name, cell, error):
        v.refuse("refused: " + name, [cell], error, columns=[["x", type_name]])

    v.ok("columns are sorted", ["1", "b", "true"], '{"id":1,"name":"b","ok":true}',
         columns=[["id", "int"], ["name", "str"], ["ok", "bool"]])
    v.ok("by name, not place", ["1", "2", "3"], '{"A":3,"a":2,"b":1}',
         columns=[["b", "int"], ["a", "int"], ["A", "int"]])
    v.ok("UTF-16 order", ["1", "2"], '{"\U0001f600":2,"\ue000":1}',
         columns=[["\ue000", "int"], ["\U0001f600", "int"]])
    v.ok("name is escaped", ["1"], '{"a\\"\\n":1}', columns=[["a\"\n", "int"]])
    v.ok("null is explicit", ["", "1"], '{"a":null,"b":1}',
         columns=[["a", "int?"], ["b", "int"]])
    one("int zero", "int", "0", "0")
    one("int negative", "int", "-42", "-42")
    one("int 2^53", "int", "9007199254740992", "9007199254740992")
    one("int beyond 2^53", "int", "9007199254740993", '"9007199254740993"')
    one("int below -2^53", "int", "-9007199254740993", '"-9007199254740993"')
    one("int maximum", "int", "9223372036854775807", '"9223372036854775807"')
    one("int minimum", "int", "-9223372036854775808", '"-9223372036854775808"')
    one("float", "float", "1.50", "1.5")
    one("float integral", "float", "3", "3")
    one("float negative zero", "float", "-0.0", "0")
    one("float exponent", "float", "1E3", "1000")
    one("float large", "float", "1e30", "1e+30")
    one("float rounds", "float", "0.1000000000000000055511151231257827", "0.1")
    one("float smallest", "float", "5e-324", "5e-324")
    one("float beyond 2^53", "float", "9007199254740993", "9007199254740992")
    one("bool true", "bool", "true", "true")
    one("bool false", "bool", "false", "false")
    one("str", "str", "a \u00e9\n\"", '"a \u00e9\\n\\""')
    one("str empty", "str", "", '""')
    one("str looks like null", "str?", "null", '"null"')
    one("str nullable empty", "str?", "", "null")
    one("str spaces kept", "str", " a ", '" a "')
    one("str looks like a number", "str", "007", '"007"')
    one("bytes", "bytes", base64.b64encode(bytes([0, 255, 254])).decode(), '"AP/+"')
    one("bytes padded", "bytes", "YQ==", '"YQ=="')
    one("bytes empty", "bytes", "", '""')
    one("bytes null", "bytes?", "", "null")
    one("timestamp integer", "timestamp", "1700000000000000", "1700000000000000")
    one("timestamp epoch", "timestamp", "1970-01-01T00:00:00Z", "0")
    # 2023-11-14 22:13:20 UTC is 1,700,000,000 seconds since 1970.
    one("timestamp text", "timestamp", "2023-11-14T22:13:20Z", "1700000000000000")
    one("timestamp fraction", "timestamp", "2023-11-14T22:13:20.5Z", "1700000000500000")
    one("timestamp microseconds", "timestamp", "1970-01-01T00:00:00.000001+00:00", "1")
    one("timestamp before 1970", "timestamp", "1969-12-31T23:59:59.999999Z", "-1")
    one("timestamp leap day", "timestamp", "2000-02-29T00:00:00Z", "951782400000000")
    one("timestamp null", "timestamp?", "", "null")
    # The year 3000 begins 32,503,680,000 seconds after 1970: beyond 2^53 microseconds.
    one("timestamp beyond 2^53", "timestamp", "3000-01-01T00:00:00Z",
        '"32503680000000000"')
    for cell in ["+1", "01", "-0", "-", " 1", "1 ", "1.0", "1e3", "0x10", "1,000", "a",
                 "\u0661", "--1", "1_000", "true", "NULL"]:
        bad("int %r" % cell, "int", cell, 'field "x" (int): not an integer')
    bad("int empty", "int", "", 'field "x" (int): empty cell')
    bad("int 2^63", "int", "9223372036854775808", "beyond 64 bits")
    bad("int -2^63 - 1", "int", "-9223372036854775809", "beyond 64 bits")
    for cell in ["NaN", "nan", "inf", "-Infinity", "+1.0", ".5", "1.", "01.5", "1e", " 1",
                 "0x1p3", "1,5", "1d0", "null"]:
        bad("float %r" % cell, "float", cell, "not a finite decimal number")
    bad("float empty", "float", "", "empty cell")
    bad("float overflow", "float", "1e400", "outside a double's range")
    bad("float underflow", "float", "1e-400", "outside a double's range")
    for cell in ["True", "FALSE", "1", "0", "yes", " true", "t"]:
        bad("bool %r" % cell, "bool", cell, "not true or false")
    bad("bool empty", "bool", "", "empty cell")
    for cell in ["YQ", "YQ=", "YR==", "YQ==\n", "Y Q=", "-_8=", "@", "=", "YQ===="]:
        bad("bytes %r" % cell, "bytes", cell, "not base64")
    for cell in ["2023-11-14", "2023-11-14T22:13:20", "2023-11-14 22:13:20Z",
                 "2023-11-14T22:13:20+01:00", "2023-11-14T22:13:20-00:00",
                 "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-00-01T00:00:00Z",
                 "2023-04-31T00:00:00Z", "2023-01-01T24:00:00Z", "2023-01-01T00:60:00Z",
                 "2016-12-31T23:59:60Z", "2023-11-14T22:13:20.Z",
                 "2023-11-14T22:13:20.1234567Z", "2023-11-14t22:13:20z", "1.5e15",
                 "23-11-14T22:13:20Z", "12023-11-14T22:13:20Z"]:
        bad("timestamp %r" % cell, "timestamp", cell, "not a time")
    bad("timestamp empty", "timestamp", "", "empty cell")
    v.refuse("refused: too few cells", ["1"], "1 cells where 2 columns",
             columns=[["a", "int"], ["b", "int"]])
    v.refuse("refused: too many cells", ["1", "2"], "2 cells where 1 columns",
             columns=[["a", "int"]])
    v.refuse("refused: second column named", ["1", "x"], 'field "b" (int): not an',
             columns=[["a", "int"], ["b", "int"]])
    v.write()


if __name__ == "__main__":
    bytes_vectors()
    text_vectors()
    json_vectors()
    row_vectors()
