package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"example.test/greeting"
)

func main() {
	http.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, greeting.To("you")) })
	http.HandleFunc("GET /database", database)
	http.HandleFunc("GET /token", func(w http.ResponseWriter, _ *http.Request) {
		kept, _ := os.ReadFile("/run/secrets/TOKEN")
		fmt.Fprintln(w, len(kept) > 0 && strings.TrimRight(string(kept), "\n") == os.Getenv("TOKEN"))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}

// What the entrypoint made of the URL and the secret, and whether somebody listens there.
func database(w http.ResponseWriter, _ *http.Request) {
	found, err := url.Parse(os.Getenv("DATABASE_URL"))
	if err != nil {
		http.Error(w, "no URL", http.StatusInternalServerError)
		return
	}
	password, _ := found.User.Password()
	connection, err := net.DialTimeout("tcp", found.Host, time.Second)
	if err == nil {
		connection.Close()
	}
	fmt.Fprintln(w, found.Scheme, found.User.Username(), len(password) > 8, err)
}
