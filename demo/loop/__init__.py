"""The loop on one computer: three nights, three simulated days, and what came of the lists."""
