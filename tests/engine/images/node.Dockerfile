# node:X-slim from Debian's Node, with npm and the user of the official image.
ARG REGISTRY
ARG SUITE
FROM ${REGISTRY}/library/debian:${SUITE}-slim AS node
COPY --from=npm / /usr/local/lib/node_modules/npm/
COPY --from=settings npmrc /tmp/npmrc
RUN set -eu; \
    apt-get update; \
    apt-get install -y --no-install-recommends nodejs; \
    cd /usr/local/lib/node_modules; \
    if [ -e npm/package.json ]; then \
        for name in npm npx; do ln -s "../lib/node_modules/npm/bin/${name}-cli.js" "/usr/local/bin/${name}"; done; \
        mv /tmp/npmrc npm/npmrc; \
    else \
        rmdir npm; \
        apt-get install -y --no-install-recommends npm; \
        mv /tmp/npmrc /etc/npmrc; \
    fi; \
    rm -rf /var/lib/apt/lists/* /var/log/apt/* /var/log/dpkg.log; \
    ln -s /usr/bin/node /usr/local/bin/node; \
    ln -s node /usr/local/bin/nodejs; \
    groupadd --gid 1000 node; \
    useradd --uid 1000 --gid node --shell /bin/bash --create-home node; \
    node -p process.versions.node >/version

FROM scratch AS version
COPY --from=node /version /version

FROM node
ARG NODE_VERSION
ENV NODE_VERSION=${NODE_VERSION}
CMD ["node"]
