"""A window of its own process that pulls snapshots and draws them."""
