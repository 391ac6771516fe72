"""Packed IP addresses as text, inside a database: to look for addresses by a part of their text."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from alcor.model.addresses import ip_text as text_of

SQLITE_FUNCTION = "ip_text"


class ip_text(FunctionElement[str]):  # noqa: N801  (a function of SQL)
    """The text of a column of packed addresses, in canonical form."""

    type = String()
    inherit_cache = True
    name = SQLITE_FUNCTION


@compiles(ip_text, "postgresql")
def _on_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    column = compiler.process(element.clauses, **options)
    version_4 = " || '.' || ".join(f"get_byte({column}, {index})" for index in range(4))
    version_6 = f"host(CAST(regexp_replace(encode({column}, 'hex'), '(.{{4}})(?=.)', '\\1:', 'g') AS inet))"
    return f"(CASE WHEN length({column}) = 4 THEN {version_4} ELSE {version_6} END)"


@compiles(ip_text, "sqlite")
def _on_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"{SQLITE_FUNCTION}({compiler.process(element.clauses, **options)})"


def define_on_sqlite(dbapi_connection: Any) -> None:
    """Have a connection to SQLite know the function."""
    dbapi_connection.create_function(SQLITE_FUNCTION, 1, _text_of, deterministic=True)


def _text_of(packed: bytes) -> str:
    return text_of(packed)
