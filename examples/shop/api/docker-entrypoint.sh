#!/bin/sh
# Puts secrets from /run/secrets into the variables that the program reads; compose has no word for that.
set -eu

# secret NAME: the value of /run/secrets/NAME
secret() {
  value=$(cat "/run/secrets/$1")
  if [ -z "$value" ]; then
    echo "docker-entrypoint.sh: /run/secrets/$1 is empty" >&2
    return 1
  fi
  printf %s "$value"
}

# with_password URL NAME: the secret goes before the `@`, every byte as %XX, so that none of its characters can mean
# something in a URL
with_password() {
  password=$(secret "$2")
  encoded=$(printf %s "$password" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g')
  printf '%s:%s@%s' "${1%%@*}" "$encoded" "${1#*@}"
}

if [ -n "${DATABASE_URL-}" ]; then
  DATABASE_URL=$(with_password "$DATABASE_URL" DB_PASSWORD)
  export DATABASE_URL
fi
if [ -n "${REDIS_URL-}" ]; then
  REDIS_URL=$(with_password "$REDIS_URL" CACHE_PASSWORD)
  export REDIS_URL
fi

# forge:keep start
# forge:end

exec "$@"
