"""One file for each command of `coupon-stream`, loaded when it is called."""
