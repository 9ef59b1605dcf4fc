"""Forgetting a user: everywhere, provably, and for good."""
