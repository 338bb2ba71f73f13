set -e
compile=$1
out=/run/pybuild/out
python=$(command -v python3 || command -v python)
set -- install --no-deps --no-compile --root "$out" /src
if [ -x /venv/bin/pip ]; then
    /venv/bin/python -m pip "$@"
else
    "$python" -m pip --python /venv/bin/python "$@"
fi
/venv/bin/python -W ignore -c "$compile" "$out/venv/lib" /venv/lib
