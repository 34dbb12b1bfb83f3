"""A web page for those who own the coupons: what is decided, why, and whether it pays."""
