module example.test/hello

go 1.24

require example.test/greeting v1.0.0
