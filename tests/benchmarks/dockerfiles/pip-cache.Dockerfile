# (b) pip in a virtual environment that is copied into the image; what pip downloads is kept in a cache mount.
FROM python:3.11-slim AS builder
RUN python3 -m venv /venv
ARG PIP_COMPILE=1
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt \
    --mount=type=cache,target=/root/.cache/pip \
    /venv/bin/pip install -r /tmp/requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home app
WORKDIR /app
COPY --from=builder /venv /venv
COPY app/ app/
ENV PATH=/venv/bin:$PATH
USER app
EXPOSE 8000
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
