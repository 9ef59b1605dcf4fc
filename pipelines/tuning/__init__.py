"""Looks for better settings of generators and ranker, before the window that judges the night."""
