"""What we may give: catalogue, price arithmetic in integers, eligibility, caps, policy, budget."""
