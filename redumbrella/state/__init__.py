"""What people set and what pages read: SQLAlchemy tables in SQLite or PostgreSQL."""
