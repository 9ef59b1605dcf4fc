"""The shelf: what night and day agree on about keys, packed lists and versions."""
