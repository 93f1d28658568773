"""Commands that ask a running server through its own service, as any client of AWS would."""
