# Builds one wheel from a source archive, a folder or a repository.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to build with; set [python] build-base" >&2
    exit 1
}
"$python" -m pip --version >/dev/null 2>&1 || {
    echo "pybuild: this base image has no pip to build wheels with; set [python] build-base" >&2
    exit 1
}
exec "$python" -m pip wheel --no-deps --no-input --disable-pip-version-check \
    --wheel-dir /run/pybuild/out "$@"
