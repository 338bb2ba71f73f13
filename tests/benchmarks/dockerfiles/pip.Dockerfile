# (a) pip in a virtual environment that is copied into the image.
FROM python:3.11-slim AS builder
RUN python3 -m venv /venv
COPY requirements.txt /tmp/requirements.txt
ARG PIP_COMPILE=1
RUN /venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt

FROM python:3.11-slim
RUN useradd --uid 10001 --create-home app
WORKDIR /app
COPY --from=builder /venv /venv
COPY app/ app/
ENV PATH=/venv/bin:$PATH
USER app
EXPOSE 8000
CMD ["uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
