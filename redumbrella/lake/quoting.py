"""Names and texts made safe to stand in SQL for DuckDB; every SQL string here goes through them."""


def quoted(name: str) -> str:
    """A column or table name as an SQL identifier, whatever characters it has."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
