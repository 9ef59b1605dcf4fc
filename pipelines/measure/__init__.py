"""Does it work? What was shown, what came of it, and how sure that is."""
