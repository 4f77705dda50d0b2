# The author's own: forge writes nothing into it.
FROM python:3.13-slim AS run
WORKDIR /srv
ARG GREETING
RUN --mount=type=secret,id=BUILD_TOKEN,required=true \
    pip uninstall --yes --root-user-action=ignore pip && test -s /run/secrets/BUILD_TOKEN && printf %s "$GREETING" >index.html && install -d -o 1234 -g 1234 -m 0750 data
USER 1234:1234
CMD ["python3", "-m", "http.server", "8000", "--directory", "/srv"]

# more than runs: the last stage is not what the spec wants
FROM run AS debug
USER 0
RUN touch /debug
