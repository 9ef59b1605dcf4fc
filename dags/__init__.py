"""When things happen: schedules, forms and wiring; what happens is in `pipelines`."""
