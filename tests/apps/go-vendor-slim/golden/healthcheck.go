//go:build ignore

// Asks whether the service is well: its image has no shell to ask with. Built by the Dockerfile, no part of the module.
//
//	healthcheck http PORT PATH SECONDS
//	healthcheck tcp PORT SECONDS
//	healthcheck file PATH SECONDS
//	healthcheck connect HOST PORT
//
// And runs a program, which it ends after so many seconds:
//
//	healthcheck bound SECONDS PROGRAM ARGUMENT…
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := ask(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "healthcheck:", err)
		os.Exit(1)
	}
}

func ask(words []string) error {
	if len(words) < 3 {
		return fmt.Errorf("too few words: %q", words)
	}
	switch words[0] {
	case "connect":
		return connect(words[1], words[2], 2*time.Second)
	case "bound":
		return bound(words[1], words[2:])
	}
	seconds, err := strconv.Atoi(words[len(words)-1])
	if err != nil {
		return err
	}
	limit := time.Duration(seconds) * time.Second
	switch words[0] {
	case "http":
		client := http.Client{
			Timeout: limit,
			// a redirect is an answer; where it leads is not asked
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		answer, err := client.Get("http://127.0.0.1:" + words[1] + words[2])
		if err != nil {
			return err
		}
		answer.Body.Close()
		if answer.StatusCode < 200 || answer.StatusCode > 399 {
			return fmt.Errorf("%s: %s", words[2], answer.Status)
		}
		return nil
	case "tcp":
		return connect("127.0.0.1", words[1], limit)
	case "file":
		found, err := os.Stat(words[1])
		if err != nil {
			return err
		}
		if age := time.Since(found.ModTime()); age > limit {
			return fmt.Errorf("%s was last touched %s ago", words[1], age.Round(time.Second))
		}
		return nil
	}
	return fmt.Errorf("%q is no question", words[0])
}

func bound(seconds string, words []string) error {
	limit, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return err
	}
	told, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ends, cancel := context.WithTimeout(told, limit)
	defer cancel()
	program := exec.CommandContext(ends, words[0], words[1:]...)
	program.Cancel = func() error { return program.Process.Signal(syscall.SIGTERM) }
	program.WaitDelay = 10 * time.Second
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := program.Run(); err != nil {
		return fmt.Errorf("%s: %w", words[0], err)
	}
	return nil
}

func connect(host, port string, limit time.Duration) error {
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, port), limit)
	if err != nil {
		return err
	}
	return connection.Close()
}
