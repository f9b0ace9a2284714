"""The same results computed in several ways: which stages of the product depend on processor and thread count."""
