"""The web tier: picks lists off the shelf and never computes one."""
