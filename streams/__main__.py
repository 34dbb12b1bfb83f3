"""`python -m streams` is `coupon-stream`."""

from streams.cli import main

if __name__ == "__main__":
    main()
