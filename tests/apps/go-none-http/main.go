package main

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

var version = "unknown"

func main() {
	page := template.Must(template.ParseFiles("templates/hello.html"))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page.Execute(w, os.Getenv("GREETING"))
	})
	mux.HandleFunc("GET /about", func(w http.ResponseWriter, _ *http.Request) {
		zone, err := time.LoadLocation("Europe/Berlin")
		fmt.Fprintln(w, "version", version, "procs", runtime.GOMAXPROCS(0), "memory", os.Getenv("GOMEMLIMIT"), "zone", zone, err)
	})
	mux.HandleFunc("POST /notes/{name}", func(w http.ResponseWriter, r *http.Request) {
		if err := os.WriteFile(filepath.Join("data", r.PathValue("name")), []byte("kept"), 0o600); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /migrated", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "data/migrated") })
	server := &http.Server{Addr: ":" + os.Getenv("PORT"), Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stopped := make(chan struct{})
	go func() {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM)
		<-signals
		server.Shutdown(context.Background())
		close(stopped)
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		log.Fatal(err)
	}
	<-stopped
}
