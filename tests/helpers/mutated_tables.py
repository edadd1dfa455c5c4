"""Valid data files as people have them, and changes to their bytes, rows, cells and dialect that follow from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

IDS = ("semis", "BRK/B", "Crédit A.")
SCENARIO = """\
schema = 1
name = "mutated"
assets = "assets.csv"
funds = "funds.csv"
[correlation]
matrix = "correlation.csv"
"""
ASSETS = (
    "id,name,asset_class,region,vol,shock_vol,in_net,adv,margin\n"
    'semis,"Chips, and more",equity,us,39 %,0.6,true,70 bn USD,15 %\n'
    "BRK/B,,equity,us,0.21,,true,900000000,0.15\n"
    "Crédit A.,Crédit,credit,eu,1.5e-1,25 %,false,2500 mn USD,300 bp\n"
)
FUNDS = (
    "id,strategy,region,nav,gross,net,positions,prime_brokers.pb_a,prime_brokers.pb b\n"
    "long short,long-short,us,1250000000.5,1.5,0.25,positions.csv,0.6,40 %\n"
    "multi,multi-strategy,eu,40 bn USD,,,positions.csv,,\n"
)
POSITIONS = "asset,position\nsemis,-1234567.5\nBRK/B,2500000\nCrédit A.,750.25\n"
MATRIX = ",semis,BRK/B,Crédit A.\nsemis,1,0.25,-0.125\nBRK/B,0.25,1,0.5\nCrédit A.,-0.125,0.5,1\n"
FILES = {"assets.csv": ASSETS, "funds.csv": FUNDS, "positions.csv": POSITIONS, "correlation.csv": MATRIX}
CELLS = (
    *("", "0", "1", "-1", "1,5", "1.5", "1.500", "1,500", "1.234,5", "1,234.5", "1 234", "1'234", "(5)", "5-", "-(5)"),
    *("$5", "-$5", "US$5", "€5", "5 EUR", "5 %", "5%", "5 bp", "5 k", "5 bn USD", "5 bn", "1e3", "1E+03", "1e", "e3"),
    *("1_000", "1_", ".5", "5.", "0x10", "nan", "inf", "#N/A", "#REF!", "#", "# off", "NA", "N/A", "null", "TRUE", "-"),
    *("semis", "SEMIS", " semis ", "se mis", "Total", "٣", "１", "−5", "+5", "5 000 000", "5\u00a0000", "5\u202f000,5"),
    *("1,23,456", "12,34", "1..5", "1,,5", "1.5.5", '"', "a\nb", "=1+1", "\u200b5", "\ufeff5", "5\u00a0%", "1.0E-2"),
)
TOKENS = (
    *(
        "#",
        "# a note\n",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        ",",
        ";",
        "\t",
        ",,",
        '"',
        '""',
        "'",
        " ",
        "\u00a0",
        "-",
        "(",
        ")",
    ),
    *("\0", "\ufeff", "\u2028", "\x0b", "\x85", "sep=;\n", "sep=,\n", "Total,5\n", "#N/A,5\n", ".", "%", "e", "0", "1"),
)


def dialects(text: str) -> Iterator[str]:
    """A plain table as it is and in other dialects."""
    yield text
    yield text.replace("\n", "\r\n")
    if '"' not in text:
        yield text.replace(",", "\t")
        yield (
            text.replace(",", ";")
            .replace(".csv", "\0")
            .replace("A.", "\1")
            .replace("s.", "\2")
            .replace(".", ",")
            .replace("\0", ".csv")
            .replace("\1", "A.")
            .replace("\2", "s.")
        )
        yield "\n".join('"' + line.replace(",", '","') + '"' for line in text.splitlines()) + "\n"
        yield "sep=;\n" + text.replace(",", ";")
    yield text.replace("-1234567.5", '"(1,234,567.50)"').replace("-0.125", "(0.125)")
    yield "# from the desk\n" + text.replace("\n", ",,\n") + ",,,\n"
    head, _, rest = text.partition("\n")
    yield head.upper() + "\n" + rest if head.startswith(("id", "asset")) else text


def flip(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 1, 1, 2, 8, 60))
    return data[:at] + data[at + size :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.choice((0, rng.randrange(len(data) + 1), rng.randrange(len(data) + 1), len(data)))
    return data[:at] + rng.choice(TOKENS).encode() + data[at:]


def lines(rng: random.Random, data: bytes) -> bytes:
    rows = data.splitlines(keepends=True)
    at, other = rng.randrange(len(rows)), rng.randrange(len(rows))
    what = rng.randrange(4)
    if what == 0:
        rows.insert(other, rows[at])
    elif what == 1:
        rows[at], rows[other] = rows[other], rows[at]
    elif what == 2:
        rows[at] = rng.choice((b"#", b"# ", b'"#"', b"#N/A,")) + rows[at]
    else:
        del rows[at]
    return b"".join(rows)


def cells(rng: random.Random, data: bytes) -> bytes:
    sign = max((b",", b";", b"\t"), key=data.count)
    rows = [line.split(sign) for line in data.splitlines()]
    row = rng.choice([row for row in rows if row] or [[b""]])
    at, what = rng.randrange(len(row)), rng.randrange(8)
    if what < 4:
        text = rng.choice(CELLS)
        row[at] = (f'"{text}"' if sign.decode() in text and rng.random() < 0.7 else text).encode()
    elif what == 4:
        row.insert(rng.randrange(len(row) + 1), row[at])
    elif what == 5:
        other = rng.randrange(len(row))
        row[at], row[other] = row[other], row[at]
    elif what == 6:
        other_row = rng.choice([row for row in rows if row])
        place = rng.randrange(len(other_row))
        row[at], other_row[place] = other_row[place], row[at]
    else:
        del row[at]
    return b"\n".join(sign.join(row) for row in rows) + b"\n"


def separators(rng: random.Random, data: bytes) -> bytes:
    old, new = rng.sample((b",", b";", b"\t", b".", b" ", b"|"), 2)
    return data.replace(old, new, rng.choice((1, 2, -1, -1)))


def styles(rng: random.Random, data: bytes) -> bytes:
    old, new = rng.choice(
        (
            *((b".5", b",5"), (b".25", b",25"), (b".", b","), (b"1234567", b"1,234,567"), (b"1234567", b"1.234.567")),
            *(
                (b"1234567.5", b'"1,234,567.5"'),
                (b"-", b"("),
                (b"-0.125", b"(0.125)"),
                (b"2500", b"2 500"),
                (b"%", b""),
            ),
            *(
                (b" bn USD", b" bn EUR"),
                (b"semis", b"Semis"),
                (b"0.", b"."),
                (b"1250", b"$1250"),
                (b"\xc3\xa9", b"\xe9"),
            ),
            *((b"\xc3\xa9", b"\xe9"), (b"%", b"")),
            *((b"\xc3\xa9", b"e\xcc\x81"), (b"true", b"TRUE"), (b"position", b" Position "), (b"750.25", b"750.250")),
        )
    )
    return data.replace(old, new, rng.choice((1, -1)))


def encodings(rng: random.Random, data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    other = rng.choice(("utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252", "utf-7"))
    return text.encode(other, "replace")


CHANGES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(flip, cut, insert, insert, lines, cells, cells, cells, separators, styles, styles, encodings),
)


def files(seed: int, count: int) -> Iterator[tuple[str, str, bytes]]:
    """`count` times what was done, the name of a file and its mutated bytes; the same for the same seed."""
    known = {name: list(dialects(text)) for name, text in FILES.items()}
    for n in range(count):
        rng = random.Random(f"{seed}/{n}")
        name = sorted(known)[n % len(known)]
        data, done = rng.choice(known[name]).encode(), []
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            change = rng.choice(CHANGES)
            data = change(rng, data) or b"\n"
            done.append(change.__name__)
        yield f"{seed}/{n} {name} {'+'.join(done)}", name, data
