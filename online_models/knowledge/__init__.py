"""What is known across all customers, learned from sessions in order, in bounded memory."""
