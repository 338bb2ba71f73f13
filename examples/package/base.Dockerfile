# Debian with its Python, as small as it comes: no pip, no venv, no compiler. In place of it, a distroless Python or the
# base of your company would do; only its tag should begin with the version, or `[python] version` say it.
FROM debian:trixie-slim
RUN apt-get update && \
    apt-get install -y --no-install-recommends python3 && \
    rm -rf /var/lib/apt/lists/*
