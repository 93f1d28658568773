"""ECR's lifecycle policies: their grammar, and what a policy does with the images of a repository."""
