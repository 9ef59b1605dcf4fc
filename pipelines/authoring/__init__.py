"""What a data engineer does with a SQL file before a night: check, test, preview, trace."""
