"""Tables that SQL cannot make well: graphs and vectors, computed for each cutoff."""
