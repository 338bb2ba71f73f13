# (c) The pattern that uv documents: its binary from an image, a cache mount, lock and manifest as bind mounts, and the
# environment as a linked copy.
ARG UV_IMAGE
FROM ${UV_IMAGE} AS uv

FROM python:3.11-slim AS builder
COPY --from=uv /uv /bin/uv
# A cache mount is another file system: links into it would fail. The last one is for machines with an authority of
# their own, which uv looks for in no place by itself.
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /app
ARG UV_COMPILE_BYTECODE=1
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    uv sync --locked --no-install-project --no-dev

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home app
WORKDIR /app
COPY --link --from=builder /app/.venv /app/.venv
COPY --link app/ app/
ENV PATH=/app/.venv/bin:$PATH
USER app
EXPOSE 8000
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
