import os
import signal
import threading
from pathlib import Path

from pytimeparse.timeparse import timeparse

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
every = timeparse(os.environ["EVERY"])
print("every", every, "seconds", flush=True)
while True:
    Path("/tmp/alive").touch()
    if stopped.wait(every):
        break
