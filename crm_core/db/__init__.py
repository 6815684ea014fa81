"""SQLAlchemy and nothing else: tables, repositories, unit of work, migrations."""
