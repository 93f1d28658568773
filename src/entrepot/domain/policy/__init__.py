"""The IAM policy language and the one evaluator of it: `decide` in `evaluation` answers every door."""
