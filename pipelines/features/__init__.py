"""Reads, checks, orders and runs `feature_sql` as of a cutoff."""
