# syntax=docker/dockerfile:1
# check=error=true

FROM nginxinc/nginx-unprivileged:1.30 AS source
# to change modes one has to own the files; the last stage gives them back to root
COPY --chown=101:101 site /srv/www
# a checkout under umask 077 must not become files that uid 101 cannot read
RUN chmod -R u=rwX,go=rX /srv/www

FROM nginxinc/nginx-unprivileged:1.30
# the image lets its user change the configuration
USER 0:0
RUN chown -R 0:0 /etc/nginx && chmod -R go-w /etc/nginx
COPY --chmod=0444 docs.nginx.conf /etc/nginx/nginx.conf
COPY --from=source --chown=0:0 /srv/www /srv/www
ARG VERSION=local
ARG REVISION=unknown
ARG SOURCE=unknown
LABEL org.opencontainers.image.title="try-static-base-docs" org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" org.opencontainers.image.source="$SOURCE"
# forge:keep final
# forge:end
USER 101:101
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --retries=3 --start-period=10s --start-interval=1s \
    CMD ["curl", "-fsS", "-o", "/dev/null", "--max-time", "4", "http://127.0.0.1:8080/"]
