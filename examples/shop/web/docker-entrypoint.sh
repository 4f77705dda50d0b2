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
[ -n "${SUPPORT_EMAIL-}" ] || missing="$missing SUPPORT_EMAIL"
[ -z "$missing" ] || fail "missing or empty:$missing"

# what an operator set is of its type, or nothing runs; what it is stays out of the log. Letters are those of ASCII, in any locale
malformed=
wrong() { malformed="${malformed:+$malformed, }$1"; }

# is_email TEXT
is_email() (
  LC_ALL=C
  case ${1%%@*} in
    "$1" | '' | *[!A-Za-z0-9.!#\$%\&\'*+/=?^_\{\|\}~-]*) exit 1 ;;
  esac
  case .${1#*@}. in
    *[!A-Za-z0-9.-]* | *..* | *.-* | *-.*) exit 1 ;;
  esac
)

[ -z "${SUPPORT_EMAIL-}" ] || is_email "$SUPPORT_EMAIL" || wrong 'SUPPORT_EMAIL is not an e-mail address'
[ -z "$malformed" ] || fail "malformed: $malformed"

# compose orders the first start only: after a restart of the host all begin at once
limit=${WAIT_TIMEOUT:-60}
case $limit in
  *[!0-9]* | 0?* | ???????*) fail "WAIT_TIMEOUT=$limit is no number of seconds" ;;
esac
deadline=$(($(date +%s) + limit))
for place in ${WAIT_FOR-}; do
  until node -e 'require('\''net'\'').connect(process.argv[2], process.argv[1], () => process.exit(0)).on('\''error'\'', () => process.exit(1)).setTimeout(3000, () => process.exit(1))' "${place%:*}" "${place##*:}" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "$place takes no connection, after $limit s (WAIT_TIMEOUT)"
    sleep 1
  done
done


# forge:keep start
# forge:end

exec "$@"
