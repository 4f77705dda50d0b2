module example.test/plus

go 1.24
