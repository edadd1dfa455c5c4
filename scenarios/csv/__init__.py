"""CSV files as people and programs write them: the dialect, the table, its numbers."""
