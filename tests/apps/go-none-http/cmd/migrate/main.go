package main

import (
	"log"
	"os"
)

func main() {
	if err := os.WriteFile("data/migrated", []byte("migrated"), 0o600); err != nil {
		log.Fatal(err)
	}
}
