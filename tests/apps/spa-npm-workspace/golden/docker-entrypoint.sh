#!/bin/sh
# Runs before the program: what it needs is checked and waited for, and secrets from /run/secrets get into the variables
# that it reads. Compose has no words for that.
set -eu

fail() {
  echo "docker-entrypoint.sh: $1" >&2
  exit 1
}


# forge:keep start
# forge:end

exec "$@"
