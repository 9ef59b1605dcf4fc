"""Which items a user might want: one generator a file, all under one Protocol."""
