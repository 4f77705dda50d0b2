//go:build ignore

// Runs before the program: what it needs is checked and waited for, and secrets from /run/secrets get into the variables
// that it reads. Its image has no shell to do that with. Built by the Dockerfile, no part of the module.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "docker-entrypoint: "+format+"\n", values...)
	os.Exit(1)
}

func main() {
	if len(os.Args) < 2 {
		fail("nothing to run")
	}
	insist()
	wait()
	withPassword("DATABASE_URL", "DB_OWNER_PASSWORD")
	fromSecret("TOKEN", "TOKEN")
	program, err := exec.LookPath(os.Args[1])
	if err != nil {
		fail("%v", err)
	}
	fail("%s: %v", program, syscall.Exec(program, os.Args[1:], os.Environ()))
}

// All that is missing, in one go.
func insist() {
	var missing []string
	for _, name := range []string{"DB_OWNER_PASSWORD", "TOKEN"} {
		// line ends alone are none
		if value, err := os.ReadFile("/run/secrets/" + name); err != nil || len(bytes.TrimRight(value, "\r\n")) == 0 {
			missing = append(missing, "/run/secrets/"+name)
		}
	}
	if missing != nil {
		fail("missing or empty: %s", strings.Join(missing, " "))
	}
}

// Compose orders the first start only: after a restart of the host all begin at once.
func wait() {
	limit := 60
	if text := os.Getenv("WAIT_TIMEOUT"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 0 || seconds > 999999 {
			fail("WAIT_TIMEOUT=%s is no number of seconds", text)
		}
		limit = seconds
	}
	deadline := time.Now().Add(time.Duration(limit) * time.Second)
	for _, place := range strings.Fields(os.Getenv("WAIT_FOR")) {
		for {
			connection, err := net.DialTimeout("tcp", place, 2*time.Second)
			if err == nil {
				connection.Close()
				break
			}
			if time.Now().After(deadline) {
				fail("%s takes no connection, after %d s (WAIT_TIMEOUT)", place, limit)
			}
			time.Sleep(time.Second)
		}
	}
}

// The value of /run/secrets/NAME, without the line end that editors leave.
func secret(name string) string {
	value, err := os.ReadFile("/run/secrets/" + name)
	text := strings.TrimRight(string(value), "\n")
	if err != nil {
		fail("%v", err)
	} else if text == "" {
		fail("/run/secrets/%s is empty", name)
	}
	return text
}

func fromSecret(variable, name string) {
	if _, err := os.Stat("/run/secrets/" + name); err == nil {
		os.Setenv(variable, secret(name))
	}
}

// The secret goes before the `@` of the URL: letters and digits as they are, for programs that take it apart and decode
// nothing; other bytes as %XX, so that no character can mean something there. One without an `@`, or with a password in it,
// is somebody's own.
func withPassword(variable, name string) {
	before, after, found := strings.Cut(os.Getenv(variable), "@")
	_, user, _ := strings.Cut(before, "://")
	if found && !strings.Contains(user, ":") {
		var encoded strings.Builder
		for _, it := range []byte(secret(name)) {
			if '0' <= it && it <= '9' || 'A' <= it && it <= 'Z' || 'a' <= it && it <= 'z' {
				encoded.WriteByte(it)
			} else {
				fmt.Fprintf(&encoded, "%%%02x", it)
			}
		}
		os.Setenv(variable, before+":"+encoded.String()+"@"+after)
	}
}
