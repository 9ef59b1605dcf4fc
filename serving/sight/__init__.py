"""What can be seen of a running web tier: metrics, logs and traces."""
