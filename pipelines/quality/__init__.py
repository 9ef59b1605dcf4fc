"""Gates between the stages of a night: what is not sound does not reach the shelf."""
