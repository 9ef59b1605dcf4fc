"""What users do, taken in: checked, named, appended to a log that the collector reads."""
