package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	log.Print("worker started")
	for {
		if err := os.WriteFile("/tmp/alive", nil, 0o600); err != nil {
			log.Fatal(err)
		}
		select {
		case <-stop:
			return
		case <-time.After(2 * time.Second):
		}
	}
}
