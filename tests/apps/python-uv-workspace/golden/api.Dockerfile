# syntax=docker/dockerfile:1
# check=error=true

FROM python:3.13-slim AS dependencies
# forge:keep dependencies
# forge:end
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /bin/uv
# the environment lies not below /app, where a mount of the sources would hide it;
# UV_PYTHON: this image's own, whatever .python-version says
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_DEV=1 UV_PROJECT_ENVIRONMENT=/opt/venv \
    UV_PYTHON=/usr/local/bin/python UV_PYTHON_DOWNLOADS=never
WORKDIR /app
# first what others made, which seldom changes; then the project itself
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --frozen --no-install-workspace --package shop-api
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-editable --package shop-api && rm -f /opt/venv/.lock

FROM python:3.13-slim AS source
WORKDIR /app
COPY . .
# a checkout under umask 077 must not become files that uid 10001 cannot read
RUN chmod -R u=rwX,go=rX .

FROM python:3.13-slim
RUN pip uninstall --yes --root-user-action=ignore pip && \
    groupadd --non-unique --gid 10001 app && \
    useradd --non-unique --no-log-init --no-create-home --home-dir /app --shell /usr/sbin/nologin \
        --uid 10001 --gid 10001 app
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=dependencies /opt/venv /opt/venv
COPY --from=source /app /app
WORKDIR /app
ARG VERSION=local
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="app-python-uv-workspace-api" org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" org.opencontainers.image.source="$SOURCE"
# forge:keep final
# forge:end
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --retries=3 --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["uvicorn", "shop_api:app", "--host", "0.0.0.0", "--port", "8000", "--no-server-header", "--proxy-headers", \
     "--forwarded-allow-ips", "*", "--timeout-graceful-shutdown", "20"]
