module entrepot.invalid/bench/load

go 1.24
