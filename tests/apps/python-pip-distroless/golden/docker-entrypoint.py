# Runs before the program, in an image without a shell: what has to be there is there, what the program calls is waited
# for, secrets from /run/secrets get into the variables that it reads, and then it takes this process over.
import os
import socket
import sys
import time


def fail(message):
    sys.exit(f"docker-entrypoint.py: {message}")


def secret(name):
    with open(f"/run/secrets/{name}", "rb") as file:
        value = file.read().rstrip(b"\n")
    if not value:
        fail(f"/run/secrets/{name} is empty")
    return value


# all that is missing, in one go
missing = [it for it in [] if not os.environ.get(it)]
for file in [f"/run/secrets/{it}" for it in ["QUEUE_PASSWORD", "TOKEN", ]]:
    if not os.path.isfile(file) or not open(file, "rb").read().strip(b"\n"):
        missing.append(file)
if missing:
    fail("missing or empty: " + " ".join(missing))

# compose orders the first start only: after a restart of the host all begin at once
limit = os.environ.get("WAIT_TIMEOUT") or "60"
if not (limit.isascii() and limit.isdigit() and len(limit) < 7):
    fail(f"WAIT_TIMEOUT={limit} is no number of seconds")
deadline = time.monotonic() + int(limit)
for place in os.environ.get("WAIT_FOR", "").split():
    host, _, port = place.rpartition(":")
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=3).close()
            break
        except (OSError, ValueError) as error:
            if time.monotonic() >= deadline:
                fail(f"{place} takes no connection, after {limit} s (WAIT_TIMEOUT): {error}")
            time.sleep(1)

# before the `@`: letters and digits as they are, for programs that take a URL apart and decode nothing; other bytes as
# %XX, so that no character can mean something in a URL. One without an `@`, or with a password in it, is somebody's own
user, at, rest = os.environ.get("REDIS_URL", "").partition("@")
if at and ":" not in user.partition("://")[2]:
    password = "".join(chr(it) if chr(it).isascii() and chr(it).isalnum() else f"%{it:02x}" for it in secret("QUEUE_PASSWORD"))
    os.environ["REDIS_URL"] = f"{user}:{password}@{rest}"

if os.path.exists("/run/secrets/TOKEN"):
    os.environb["TOKEN".encode()] = secret("TOKEN")

# forge:keep start
# forge:end

if len(sys.argv) < 2:
    fail("there is no command to run")
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    fail(f"{sys.argv[1]}: {error.strerror}")
