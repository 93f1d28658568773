"""CloudTrail, as far as it reads the audit."""
