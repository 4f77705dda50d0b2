import signal
import threading
from pathlib import Path

from shop_words import greeting

stopped = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopped.set())
print(greeting("reporter"), "from", Path.cwd().name, flush=True)
while True:
    Path("/tmp/alive").touch()
    if stopped.wait(5):
        break
