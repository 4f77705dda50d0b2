"""Brings the database to the shape that this version of the API expects.

Runs once for each deploy, before the new version starts, and may run again: every step leaves alone what is there.
"""

import os

import psycopg

STEPS = [
    "create table if not exists items (id bigint generated always as identity primary key, name text not null)",
    "alter table items add column if not exists created_at timestamptz not null default now()",
]

# One transaction: all steps or none. The lock makes a second run, started at the same time, wait for the first.
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("select pg_advisory_xact_lock(hashtext('migrate'))")
    for step in STEPS:
        connection.execute(step)
print(f"migrated: {len(STEPS)} steps")
