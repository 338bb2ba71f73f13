set -e
if ! command -v apk >/dev/null 2>&1; then
    echo "pybuild: this base image has no apk; name its package manager with [system] manager" >&2
    exit 1
fi
apk add --update-cache --cache-dir /var/cache/apk -- "$@"
