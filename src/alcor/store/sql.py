"""Static SQL, compiled once: what hot paths execute."""

from sqlalchemy import TextClause, text


def statement(sql: str) -> TextClause:
    """A statement with named parameters, the same on every database."""
    return text(sql)


def locking_statement(sql: str) -> dict[str, TextClause]:
    """A SELECT that locks its rows until the transaction ends, by dialect name; SQLite's writer locks it all anyway."""
    return {"sqlite": text(sql), "postgresql": text(f"{sql} FOR UPDATE")}


def mark(dialect: str) -> str:
    """What stands for a parameter in SQL written for the database's driver itself."""
    return "?" if dialect == "sqlite" else "%s"
