"""Every feature on one page that works from disk: what it means, how it looks, who uses it."""
