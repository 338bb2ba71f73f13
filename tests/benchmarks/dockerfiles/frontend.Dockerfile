# The Dockerfile frontend as a container, as `# syntax=docker/dockerfile:1` starts it. The context is a checkout of BuildKit.
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates golang-go
WORKDIR /src
COPY . .
ENV CGO_ENABLED=0 GOFLAGS=-mod=vendor GOTOOLCHAIN=local
RUN --mount=type=cache,target=/root/.cache/go-build \
    go build -trimpath -ldflags '-s -w' -tags "netgo osusergo static_build" \
    -o /dockerfile-frontend ./frontend/dockerfile/cmd/dockerfile-frontend

FROM scratch
COPY --from=build /dockerfile-frontend /bin/dockerfile-frontend
# As BuildKit's own build of the frontend labels the image.
LABEL moby.buildkit.frontend.network.none="true"
LABEL moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring"
ENTRYPOINT ["/bin/dockerfile-frontend"]
