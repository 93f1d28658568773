"""Amazon ECR, private registries (API version 2015-09-21)."""
