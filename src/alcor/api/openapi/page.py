"""The OpenAPI document as a page for people: no scripts, nothing from elsewhere."""

import html
from itertools import groupby
from typing import Any

from alcor.api.openapi.document import Document
from alcor.api.operation import JSON

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; color: #1b1f24 }
nav a { margin-right: 1rem; white-space: nowrap } code, .path { font-family: ui-monospace, monospace }
details { border: 1px solid #d0d7de; border-radius: 6px; margin: .4rem 0; padding: .3rem .8rem }
summary { cursor: pointer } table { border-collapse: collapse; margin: .5rem 0; width: 100% }
td, th { border-top: 1px solid #d0d7de; padding: .2rem .5rem; text-align: left; vertical-align: top }
.method { display: inline-block; width: 4.5rem; font-weight: 600 }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3 } a { color: #58a6ff } }
"""


def openapi_page(document: Document) -> str:
    """The page: operations by resource, each with its parameters and bodies."""
    operations = [
        (operation["tags"][0], path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    operations.sort(key=lambda each: (each[0], each[1]))
    groups = [(name, list(its)) for name, its in groupby(operations, key=lambda each: each[0])]
    links = " ".join(f'<a href="#{_anchor(name)}">{html.escape(name)}</a>' for name, _ in groups)
    sections = "".join(_section(name, its) for name, its in groups)
    title = html.escape(f"{document['info']['title']} API")
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
        f"<h1>{title}</h1><p>{html.escape(document['info']['description'])} "
        f'<a href="/openapi.json">openapi.json</a></p><nav>{links}</nav>{sections}</html>'
    )


def _anchor(name: str) -> str:
    return html.escape(name.replace(" ", "-"), quote=True)


def _section(name: str, operations: list[tuple[str, str, str, Any]]) -> str:
    items = "".join(_operation(path, method, operation) for _, path, method, operation in operations)
    return f'<h2 id="{_anchor(name)}">{html.escape(name)}</h2>{items}'


def _operation(path: str, method: str, operation: Any) -> str:
    parameters = "".join(
        f"<tr><td><code>{html.escape(each['name'])}</code><td>{each['in']}<td>{_schema(each['schema'])}"
        f"<td>{html.escape(each.get('description', ''))}"
        for each in operation["parameters"]
    )
    table = f"<table><tr><th>Parameter<th>In<th>Value<th>{parameters}</table>" if parameters else ""
    body = operation.get("requestBody")
    request = _body("Request", body["content"]) if body else ""
    answers = "".join(
        _body(f"Answer {status}", answer["content"])
        for status, answer in operation["responses"].items()
        if "content" in answer
    )
    return (
        f"<details><summary><span class=method>{method.upper()}</span><span class=path>{html.escape(path)}</span> "
        f"{html.escape(operation['summary'])}</summary>{table}{request}{answers}</details>"
    )


def _body(title: str, content: Any) -> str:
    ((kind, its),) = content.items()
    words = title if kind == JSON else f"{title} ({kind})"
    return f"<h4>{words}</h4>{_members(its['schema']) or _schema(its['schema'])}"


def _members(schema: Any) -> str:
    """The members of an object, and of the one object in it, as bodies of the API have them."""
    properties = schema.get("properties")
    if not properties:
        return ""
    required = set(schema.get("required", ()))
    rows = ""
    for name, its in properties.items():
        inner = _members(its) or (_members(its["items"]) if isinstance(its.get("items"), dict) else "")
        mark = " (required)" if name in required else ""
        rows += f"<tr><td><code>{html.escape(name)}</code>{mark}<td>{inner or _schema(its)}"
    return f"<table>{rows}</table>"


def _schema(schema: Any) -> str:
    """A schema in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_schema(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(f"<code>{html.escape(str(value))}</code>" for value in schema["enum"])
    kind = schema.get("type", "anything")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        words += f" of {_schema(schema['items'])}"
    limits = [f"{label} {schema[key]}" for key, label in _LIMITS.items() if key in schema]
    return ", ".join([words, *limits])


_LIMITS = {"minimum": "at least", "maximum": "at most", "maxLength": "length at most", "maxItems": "items at most"}
