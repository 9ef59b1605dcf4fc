"""How good the lists would have been: time split, baselines, metrics, report."""
