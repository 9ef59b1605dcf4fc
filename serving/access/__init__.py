"""Who may call which route, how often: keys, tokens, limits."""
