set -e
# The base image's own Python, even where the environment is on the PATH already.
PATH=${PATH#/venv/bin:}
python=$(command -v python3 || command -v python)
pip() {
    if [ -x /venv/bin/pip ]; then
        /venv/bin/python -m pip "$@"
    else
        "$python" -m pip --python /venv/bin/python "$@"
    fi
}
# What pip prints of a requirement has the user name and password of its address.
unbuffered=$(sed -u '' </dev/null 2>/dev/null && echo -u) || unbuffered=
code=$({ { pip "$@" 2>&1 || echo "$?" >&3; } | sed $unbuffered 's#://[^/@[:space:]]*@#://****@#g' >&2; } 3>&1)
[ -z "$code" ] || exit "$code"
/venv/bin/python -W ignore /run/pybuild/compile.py /venv/lib /venv/lib
