"""A worker, and beat that gives it work. Both show that they are alive by a file that they touch."""

import os
from pathlib import Path

from celery import Celery, bootsteps
from celery.signals import beat_init

ALIVE = Path("/tmp/alive")


class Heartbeat(bootsteps.StartStopStep):
    """Touches the file while the worker's own timer runs; a worker that hangs does not."""

    requires = {"celery.worker.components:Timer"}

    def start(self, worker):
        ALIVE.touch()
        self.timer = worker.timer.call_repeatedly(10, ALIVE.touch, priority=10)

    def stop(self, worker):
        self.timer.cancel()


celery = Celery("app", broker=os.environ["CELERY_BROKER_URL"])
celery.conf.update(task_ignore_result=True, broker_connection_retry_on_startup=True)
celery.conf.beat_schedule = {"hello": {"task": "app.worker.hello", "schedule": 5.0, "args": ["beat"]}}
celery.steps["worker"].add(Heartbeat)


@beat_init.connect
def show_life_of_beat(sender, **_):
    """Beat looks at its schedule again and again, at least each max_interval seconds."""
    scheduler = sender.scheduler
    scheduler.max_interval = 10
    tick = scheduler.tick

    def touching(*arguments, **named):
        ALIVE.touch()
        return tick(*arguments, **named)

    scheduler.tick = touching


@celery.task
def hello(name: str) -> None:
    print(f"hello {name}", flush=True)
