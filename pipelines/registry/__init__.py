"""Model versions that never change, their states, and the gate before the live lists."""
