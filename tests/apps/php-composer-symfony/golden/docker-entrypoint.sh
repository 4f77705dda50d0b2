#!/bin/sh
# Runs before the program: what it needs is checked and waited for, and secrets from /run/secrets get into the variables
# that it reads. Compose has no words for that.
set -eu

fail() {
  echo "docker-entrypoint.sh: $1" >&2
  exit 1
}

# all that is missing, in one go
missing=
[ -n "$(cat /run/secrets/APP_SECRET 2>/dev/null)" ] || missing="$missing /run/secrets/APP_SECRET"
[ -z "$missing" ] || fail "missing or empty:$missing"

# compose orders the first start only: after a restart of the host all begin at once
limit=${WAIT_TIMEOUT:-60}
case $limit in
  *[!0-9]* | 0?* | ???????*) fail "WAIT_TIMEOUT=$limit is no number of seconds" ;;
esac
deadline=$(($(date +%s) + limit))
for place in ${WAIT_FOR-}; do
  until php -n /usr/local/lib/php/healthcheck.php connect "${place%:*}" "${place##*:}" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "$place takes no connection, after $limit s (WAIT_TIMEOUT)"
    sleep 1
  done
done

# secret NAME: the value of /run/secrets/NAME
secret() {
  value=$(cat "/run/secrets/$1")
  [ -n "$value" ] || fail "/run/secrets/$1 is empty"
  printf %s "$value"
}

if [ -e /run/secrets/APP_SECRET ]; then
  APP_SECRET=$(secret APP_SECRET)
  export APP_SECRET
fi

# forge:keep start
# forge:end

exec "$@"
