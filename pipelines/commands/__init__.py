"""Subcommands of `python -m pipelines`; each calls the functions that the DAGs call."""
