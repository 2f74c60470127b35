"""What all tables of the state database share: one SQLAlchemy MetaData and the schema's number.

Instants are integers of UTC microseconds; JSON is text, written by orjson. A change of any table
needs a new migration in `migrations/versions` and its number here (tested).
"""

from sqlalchemy import MetaData

SCHEMA_VERSION = "0014"

metadata = MetaData()
