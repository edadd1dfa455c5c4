"""A report read back with a strict HTML parser, and what any of them has to be."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import xarray as xr

LINKS = ("src", "href", "srcset", "action", "formaction", "data", "poster", "background", "cite", "ping", "manifest")
OUTSIDE = re.compile(r"url\(\s*['\"]?(?!#|data:image/png)|@import|expression\(|image-set", re.IGNORECASE)
HEADINGS = {f"h{level}": level for level in range(1, 7)}


def without(tree: xr.DataTree, *groups: str) -> xr.DataTree:
    """The result without some of its groups."""
    kept = {name: child.to_dataset() for name, child in tree.children.items() if name not in groups}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=tree.attrs), **kept}, name=tree.name)


@functools.cache
def parsed(text: str) -> Element:
    """The document, which has to be without any parse error."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(text)  # type: ignore[no-any-return]


def local(element: Element) -> str:
    """The element's name without a namespace; comments have none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def every(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if local(element) == name)


def said(element: Element) -> str:
    """Its text and that of all within, with single blanks."""
    return " ".join("".join(element.itertext()).split())


def section(text: str, name: str) -> Element:
    return next(element for element in every(parsed(text), "section") if element.get("id") == name)


def table(root: Element, caption: str) -> dict[str, dict[str, str]]:
    """Row heading -> column heading -> what stands in the cell, errors included."""
    (found,) = (each for each in every(root, "table") if said(next(every(each, "caption"))).startswith(caption))
    columns = [said(cell) for cell in every(next(every(found, "thead")), "th")][1:]
    rows = {}
    for row in every(next(every(found, "tbody")), "tr"):
        heading = (next(every(row, "th")).text or "").strip()
        rows[heading] = dict(zip(columns, (said(cell) for cell in every(row, "td")), strict=True))
    return rows


def number(text: str) -> tuple[float, float]:
    """A number as it is printed, and half a unit of its last digit."""
    first = text.split()[0].replace(",", "").replace("−", "-")
    return float(first), 0.5 * 10.0 ** -len(first.partition(".")[2])


def check_form(text: str, scripts: int = 0) -> None:
    """All that a page has to be, whatever the result: well-formed, alone in the world, accessible."""
    root = parsed(text)
    _check_alone(root, scripts)
    _check_ids(root)
    _check_structure(root)
    for svg in every(root, "svg"):
        assert svg.get("role") == "img"
        assert len(svg.get("aria-label") or "") > 30
    for figure in every(root, "figure"):
        assert said(next(every(figure, "figcaption")))
        assert len(list(every(figure, "svg"))) == 1
        assert len(list(every(figure, "table"))) == 1  # the numbers behind it
    for each in every(root, "table"):
        assert said(next(every(each, "caption")))
        assert all(cell.get("scope") in ("row", "col") for cell in every(each, "th"))
    for element in root.iter():
        if element.get("class") == "scroll":
            assert (element.get("role"), element.get("tabindex")) == ("group", "0")
            assert element.get("aria-label")


def _check_alone(root: Element, scripts: int) -> None:
    """No script beyond those meant, no handler, and nothing to be fetched."""
    assert len(list(every(root, "script"))) == scripts
    for element in root.iter():
        assert local(element) not in ("img", "iframe", "object", "embed", "link", "base", "form", "audio", "video")
        for key, value in element.attrib.items():
            name = key.rpartition("}")[2]
            assert not name.startswith("on"), (local(element), key)
            if name in LINKS:
                assert value.startswith(("#", "data:image/png")), (local(element), key, value[:80])
            if name != "data-twin":
                assert not OUTSIDE.search(value) or name in ("content", "aria-label"), (key, value[:80])
    for style in every(root, "style"):
        assert not OUTSIDE.search("".join(style.itertext()))
    policy = next(meta for meta in every(root, "meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert "default-src 'none'" in (policy.get("content") or "")
    assert "http" not in (policy.get("content") or "")


def _check_ids(root: Element) -> None:
    ids = [element.get("id") for element in root.iter() if element.get("id") is not None]
    assert len(set(ids)) == len(ids)
    for element in root.iter():
        for key in ("aria-labelledby", "aria-describedby"):
            assert element.get(key) is None or element.get(key) in ids
        for key, value in element.attrib.items():
            if key.endswith("href"):
                assert value.removeprefix("#") in ids or value.startswith("data:"), value


def _check_structure(root: Element) -> None:
    levels = [HEADINGS[local(element)] for element in root.iter() if local(element) in HEADINGS]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert root.get("lang") == "en"
    for landmark in ("header", "nav", "main", "footer"):
        assert len(list(every(root, landmark))) == 1
    assert said(next(every(root, "title")))
    body = next(every(root, "body"))
    first = next(iter(body))
    assert (local(first), first.get("href")) == ("a", "#main")  # the skip link


def twins(text: str) -> list[dict[str, Any]]:
    """What plotly is to draw."""
    return [json.loads(element.get("data-twin", "")) for element in parsed(text).iter() if element.get("data-twin")]
