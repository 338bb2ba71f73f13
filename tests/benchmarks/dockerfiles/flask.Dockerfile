# The stages of examples/flask.
FROM python:3.11-slim AS builder
RUN python3 -m venv --without-pip /venv
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt --mount=type=cache,target=/root/.cache/pip \
    python3 -m pip --python /venv/bin/python install -r /tmp/requirements.txt
FROM builder AS test
RUN --mount=type=bind,source=requirements-dev.txt,target=/tmp/requirements-dev.txt \
    --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt --mount=type=cache,target=/root/.cache/pip \
    python3 -m pip --python /venv/bin/python install -r /tmp/requirements-dev.txt
WORKDIR /app
COPY . .
RUN /venv/bin/python -m pytest && touch /passed
FROM python:3.11-slim AS production
RUN useradd -u 10001 -m app
COPY --from=builder /venv /venv
COPY app.py /app/
COPY --from=test /passed /run/passed
ENV PATH=/venv/bin:$PATH
USER app
