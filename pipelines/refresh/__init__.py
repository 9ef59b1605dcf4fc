"""By day: the lists of users with new events, made anew and put before those of the night."""
