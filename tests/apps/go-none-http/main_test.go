package main

import "testing"

func TestVersion(t *testing.T) {
	if version != "unknown" {
		t.Errorf("it is %q", version)
	}
}
