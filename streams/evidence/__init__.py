"""What logged decisions prove."""
