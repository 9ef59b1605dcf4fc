"""From candidates and features to scores: training set, LightGBM ranker, scoring in shards."""
