"""The schema's history: Alembic's environment (`env.py`) and one module per revision (`versions/`)."""
