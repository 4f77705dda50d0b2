#!/bin/sh
# Runs before the program: what it needs is checked and waited for, and secrets from /run/secrets get into the variables
# that it reads. Compose has no words for that.
set -eu

fail() {
  echo "docker-entrypoint.sh: $1" >&2
  exit 1
}

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

# is_url TEXT
is_url() (
  LC_ALL=C
  case ${1%%://*} in
    "$1" | '' | [!A-Za-z]* | *[!A-Za-z0-9+.-]*) exit 1 ;;
  esac
  case ${1#*://} in
    '' | *[!!-~]* | *[\"\<\>\\\`]*) exit 1 ;;
  esac
)

[ -z "${API_URL-}" ] || is_url "$API_URL" || wrong 'API_URL is not a URL'
case "${NEW_SEARCH-}" in
  '' | 'true' | 'false') ;;
  *) wrong 'NEW_SEARCH is not true or false' ;;
esac
[ -z "${PAGE_SIZE-}" ] || is_integer "$PAGE_SIZE" '' '' || wrong 'PAGE_SIZE is not an integer'
[ -z "$malformed" ] || fail "malformed: $malformed"

# property NAME TYPE VALUE: a line of env.js; an end where the value is none of that type
property() {
  case $3 in
    *[[:cntrl:]]*) fail "$1 holds a control character" ;;
  esac
  case $2:$3 in
    string:* | email:?* | url:?* | duration:?* | one_of:?*)
      printf '  "%s": "%s",\n' "$1" "$(printf %s "$3" | sed 's/[\\"]/\\&/g; s/</\\u003c/g')"
      ;;
    boolean:true | boolean:false) printf '  "%s": %s,\n' "$1" "$3" ;;
    integer:?*)
      printf %s "$3" | grep -Eqx -e '-?(0|[1-9][0-9]{0,14})' || fail "$1=$3 is no integer"
      printf '  "%s": %s,\n' "$1" "$3"
      ;;
    *:) printf '  "%s": null,\n' "$1" ;;
    *) fail "$1=$3 is no $2" ;;
  esac
}

# what the page may know, in memory; it loads this before the program, and finds `window.env.API_URL`
{
  echo 'window.env = Object.freeze({'
  property API_URL url "${API_URL-}"
  property GREETING string "${GREETING-}"
  property NEW_SEARCH boolean "${NEW_SEARCH-}"
  property PAGE_SIZE integer "${PAGE_SIZE-}"
  echo '});'
} >/tmp/env.js

# forge:keep start
# forge:end

exec "$@"
