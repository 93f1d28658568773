"""The wire of any AWS service: models, codecs, protocols, signatures, errors."""
