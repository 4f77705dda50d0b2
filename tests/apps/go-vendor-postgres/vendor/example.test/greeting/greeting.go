// Package greeting is somebody else's.
package greeting

// To greets somebody.
func To(who string) string { return "hello " + who }
