"""Background jobs: leases, retries, one module a kind."""
