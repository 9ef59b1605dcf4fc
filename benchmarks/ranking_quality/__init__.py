"""Ranking quality on public data: the night's generators and ranker against published figures."""
