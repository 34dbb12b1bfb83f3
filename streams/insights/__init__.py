"""What a file tells of customers."""
