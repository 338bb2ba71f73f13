set -e
python=$(command -v python3 || command -v python)
set -- install --no-deps --no-compile --root /run/pybuild/out /src
if [ -x /venv/bin/pip ]; then
    /venv/bin/python -m pip "$@"
else
    "$python" -m pip --python /venv/bin/python "$@"
fi
# Files that do not compile are some packages' test data.
/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash -s /run/pybuild/out \
    /run/pybuild/out/venv/lib >/dev/null || true
