"""What we believe: the response model on River, labels, evaluation and snapshots."""
