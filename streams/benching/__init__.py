"""What an event costs, ours and others'."""
