"""The steps of the schema, numbered; never edited after release."""
