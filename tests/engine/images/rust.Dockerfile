# rust:1-slim from this machine's own toolchain, laid out as in the official image.
ARG REGISTRY
ARG SUITE
FROM ${REGISTRY}/library/debian:${SUITE}-slim AS rust
ENV RUSTUP_HOME=/usr/local/rustup CARGO_HOME=/usr/local/cargo \
    PATH=/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends gcc libc6-dev; \
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/dpkg.log
# What compiles and links; the sources, the documentation and other targets stay behind.
COPY --from=toolchain bin/cargo bin/rustc /usr/local/rustup/toolchains/stable/bin/
COPY --from=toolchain lib/*.so* /usr/local/rustup/toolchains/stable/lib/
COPY --from=toolchain lib/rustlib/x86_64-unknown-linux-gnu \
    /usr/local/rustup/toolchains/stable/lib/rustlib/x86_64-unknown-linux-gnu
COPY --from=cargo config.toml /usr/local/cargo/config.toml
RUN set -eu; \
    mkdir -p /usr/local/cargo/bin; \
    for name in cargo rustc; do \
        ln -s "/usr/local/rustup/toolchains/stable/bin/${name}" "/usr/local/cargo/bin/${name}"; \
    done; \
    chmod -R a+w /usr/local/cargo; \
    rustc --version | cut -d' ' -f2 >/version

FROM scratch AS version
COPY --from=rust /version /version

FROM rust
ARG RUST_VERSION
ENV RUST_VERSION=${RUST_VERSION}
