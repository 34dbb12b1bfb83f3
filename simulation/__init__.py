"""A shop with known truth: customers, how they react to coupons, drift and abuse."""
