"""The IAM policy language, and the one evaluator of it that every door asks.

`documents` reads a policy's text; `policies` holds those that have a say, kept until one of them changes;
`requests` says who asks for what; `evaluation.decide` answers, and the `decisions.Decision` tells why.
"""
