# Installs py-rattler, which resolves conda packages, from the index that pip is set up for.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to resolve with; set [python] build-base" >&2
    exit 1
}
exec "$python" -m pip install --quiet --no-input --disable-pip-version-check --root-user-action=ignore --no-compile \
    --no-deps --require-hashes --only-binary :all: --target /run/pybuild/out -r /run/pybuild/rattler.txt
