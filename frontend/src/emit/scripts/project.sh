set -e
PATH=${PATH#/venv/bin:}
out=/run/pybuild/out
python=$(command -v python3 || command -v python)
unbuffered=$(sed -u '' </dev/null 2>/dev/null && echo -u) || unbuffered=
set -- install --no-deps --no-compile --root "$out" /src
pip() {
    if [ -x /venv/bin/pip ]; then
        /venv/bin/python -m pip "$@"
    else
        "$python" -m pip --python /venv/bin/python "$@"
    fi
}
# Before 25.3, pip has one kind of constraints, which would hold for what is installed as well.
if [ "${PIP_BUILD_CONSTRAINT:-}" = /run/pybuild/build-constraints.txt ]; then
    version=$(pip --version | sed 's/^pip \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
    if [ "${version% *}" -lt 25 ] || { [ "${version% *}" = 25 ] && [ "${version#* }" -lt 3 ]; }; then
        echo "pybuild: build-constraints needs pip 25.3 or newer: set [python] build-base to a newer image" >&2
        exit 1
    fi
fi
code=$({ { pip "$@" 2>&1 || echo "$?" >&3; } | sed ${unbuffered:+"$unbuffered"} -f /run/pybuild/hide.sed >&2; } 3>&1)
[ -z "$code" ] || exit "$code"
/venv/bin/python -W ignore /run/pybuild/compile.py "$out/venv/lib" /venv/lib
