"""The night: plain functions over run directories, one package per stage."""
