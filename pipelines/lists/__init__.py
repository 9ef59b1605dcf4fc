"""What a user will see: rules, reasons, fallback lists, packing."""
