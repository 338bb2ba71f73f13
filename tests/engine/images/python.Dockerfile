# python:X.Y-slim from Debian's Python, with the paths and the environment of the official image.
ARG REGISTRY
ARG SUITE
FROM ${REGISTRY}/library/debian:${SUITE}-slim AS python
ARG MINOR
# The official image has the interpreter's headers but no compiler; Debian's package of them would bring libc's too.
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends python3 python3-venv python3-pip netbase tzdata; \
    cd /tmp; \
    apt-get download "libpython${MINOR}-dev"; \
    dpkg-deb --fsys-tarfile libpython*.deb | tar -x -C / --wildcards './usr/include/*'; \
    rm -rf /tmp/* /var/lib/apt/lists/* /var/log/apt/* /var/log/dpkg.log; \
    rm -f "/usr/lib/python${MINOR}/EXTERNALLY-MANAGED"; \
    for name in python3 "python${MINOR}"; do ln -s "/usr/bin/${name}" "/usr/local/bin/${name}"; done; \
    ln -s python3 /usr/local/bin/python; \
    for name in pip pip3; do ln -s "/usr/bin/pip3" "/usr/local/bin/${name}"; done; \
    find /usr/lib/python3* -name __pycache__ -type d -prune -exec rm -rf {} +; \
    python3 -c 'import platform; print(platform.python_version())' >/version

FROM scratch AS version
COPY --from=python /version /version

FROM python
ARG PYTHON_VERSION
ENV LANG=C.UTF-8 PYTHON_VERSION=${PYTHON_VERSION}
CMD ["python3"]
