"""One folder an AWS service that Entrepot offers."""
