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
[ -n "$(cat /run/secrets/DB_PASSWORD 2>/dev/null)" ] || missing="$missing /run/secrets/DB_PASSWORD"
[ -n "$(cat /run/secrets/SECRET_KEY 2>/dev/null)" ] || missing="$missing /run/secrets/SECRET_KEY"
[ -z "$missing" ] || fail "missing or empty:$missing"

# what an operator set is of its type, or nothing runs; what it is stays out of the log. Letters are those of ASCII, in any locale
malformed=
wrong() { malformed="${malformed:+$malformed, }$1"; }

# is_within NUMBER LEAST MOST; an empty bound is none
is_within() {
  { [ -z "$2" ] || [ "$1" -ge "$2" ]; } && { [ -z "$3" ] || [ "$1" -le "$3" ]; }
}

# is_integer TEXT LEAST MOST
is_integer() {
  case ${1#-} in
    '' | *[!0-9]* | 0?* | ????????????????*) return 1 ;;
  esac
  is_within "$@"
}

[ -z "${PAGE_SIZE-}" ] || is_integer "$PAGE_SIZE" '' '' || wrong 'PAGE_SIZE is not an integer'
[ -z "$malformed" ] || fail "malformed: $malformed"

# compose orders the first start only: after a restart of the host all begin at once
limit=${WAIT_TIMEOUT:-60}
case $limit in
  *[!0-9]* | 0?* | ???????*) fail "WAIT_TIMEOUT=$limit is no number of seconds" ;;
esac
deadline=$(($(date +%s) + limit))
for place in ${WAIT_FOR-}; do
  until python -c 'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)' "${place%:*}" "${place##*:}" >/dev/null 2>&1; do
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

# with_password URL NAME: the secret goes before the `@`. Letters and digits alone go as they are, for programs that take
# a URL apart and decode nothing; else every byte as %XX, so that no character can mean something in a URL. One without an
# `@`, or with a password in it, is somebody's own and stays as it is
with_password() {
  before=${1%%@*}
  if [ "$before" = "$1" ] || [ "${before#*://*:}" != "$before" ]; then
    printf %s "$1"
    return
  fi
  password=$(secret "$2")
  LC_ALL=C
  case $password in
    *[!0-9A-Za-z]*) password=$(printf %s "$password" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g') ;;
  esac
  printf '%s:%s@%s' "$before" "$password" "${1#*@}"
}

if [ -n "${DATABASE_URL-}" ]; then
  DATABASE_URL=$(with_password "$DATABASE_URL" DB_PASSWORD)
  export DATABASE_URL
fi
if [ -e /run/secrets/SECRET_KEY ]; then
  DJANGO_SECRET_KEY=$(secret SECRET_KEY)
  export DJANGO_SECRET_KEY
fi

# forge:keep start
# forge:end

exec "$@"
