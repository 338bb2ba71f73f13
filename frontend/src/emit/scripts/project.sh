set -e
PATH=${PATH#/venv/bin:}
out=/run/pybuild/out
python=$(command -v python3 || command -v python)
set -- install --no-deps --no-compile --root "$out" /src
if [ -x /venv/bin/pip ]; then
    /venv/bin/python -m pip "$@"
else
    "$python" -m pip --python /venv/bin/python "$@"
fi
/venv/bin/python -W ignore /run/pybuild/compile.py "$out/venv/lib" /venv/lib
