"""Brings raw tables in and maps them to events, items and users: one file a kind of source."""
