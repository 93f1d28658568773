"""The benchmark: Entrepot beside other registries, the same load on each in alternation."""
