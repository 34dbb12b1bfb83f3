"""What others would do in our place: known ways to choose coupons, each at its best."""
