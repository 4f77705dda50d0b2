package main

import (
	"fmt"
	"log"
	"net/http"
	"os"

	"example.test/greeting"
)

func main() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		state, err := os.ReadFile("/app/data/state")
		fmt.Fprintln(w, greeting.To(os.Getenv("WHO")), string(state), err)
	})
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}
