"""Shoppers who are played against the running application: what they need, see, click and buy."""
