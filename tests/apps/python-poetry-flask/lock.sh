#!/bin/sh
# Writes poetry.lock, which names the index that it was made with. That index is asked for HTML, as pip does: not every
# one answers poetry's own questions.
set -eu
python -m venv /tmp/poetry
/tmp/poetry/bin/pip install --quiet poetry==2.5.1
index=$(/tmp/poetry/bin/python -c 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)')
printf '\n[[tool.poetry.source]]\nname = "index"\nurl = "%s/"\npriority = "primary"\n' "$index" >> pyproject.toml
/tmp/poetry/bin/poetry lock
