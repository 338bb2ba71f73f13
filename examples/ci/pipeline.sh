#!/bin/sh
# The pipeline, as any CI can run it: lint the build file, test, build, push. Arguments: the image's name without a tag,
# and the tag. The name of the frontend can be changed with BUILDKIT_SYNTAX.
set -eu
image=$1
tag=$2
cache="type=registry,ref=$image:cache"
build() {
    docker buildx build -f pybuild.toml ${BUILDKIT_SYNTAX:+--build-arg "BUILDKIT_SYNTAX=$BUILDKIT_SYNTAX"} "$@" .
}

# 1. Mistakes in the build file.
build --call=check

# 2. The reports of the tests, good or bad, and the cache for all that follows.
build --target reports:test --output type=local,dest=reports --cache-from "$cache"

# 3. The image, if the tests passed: what ran for the reports is not run again. The cache goes to the registry, so that
# the next run is fast on whatever machine it runs. With the image go a list of all that it was made from, and one of all
# packages in it.
build --push -t "$image:$tag" --provenance mode=max --sbom=true --cache-from "$cache" --cache-to "$cache,mode=max"
