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
# What pip prints of an address has its user name, password, signature or token.
hide='s#://[^/@[:space:]]*@#://****@#g
s#\(://[^[:space:]]*/\)\([0-9A-Za-z_]\{20,\}\|eyJ[0-9A-Za-z_.-]\{32,\}\)/\(+\{0,1\}simple\)#\1****/\3#g
s#/\(dckr_pat_\|dop_v1_\|gh[oprsu]_\|github_pat_\|gldt-\|glpat-\|hf_\|npm_\|pypi-AgE\)[0-9A-Za-z_-]\{16,\}/#/****/#g
s#\(://[^/[:space:]]*/\(t\|priv\)/\)[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*/#\1****/#g
s#\([?&]\([A-Za-z_-]*[_-]\)\{0,1\}\([Ss]ig\|[Ss]ignature\|[Tt]oken\|[Cc]redential\|[Pp]assword\|[Ss]ecret\|[Aa]pi_\{0,1\}[Kk]ey\|[Aa]uth\)=\)[^&#[:space:]]*#\1****#g'
unbuffered=$(sed -u '' </dev/null 2>/dev/null && echo -u) || unbuffered=
# Before 25.3, pip has one kind of constraints, which would hold for what is installed as well.
if [ "${PIP_BUILD_CONSTRAINT:-}" = /run/pybuild/build-constraints.txt ]; then
    version=$(pip --version | sed 's/^pip \([0-9]*\)\.\([0-9]*\).*/\1 \2/')
    if [ "${version% *}" -lt 25 ] || { [ "${version% *}" = 25 ] && [ "${version#* }" -lt 3 ]; }; then
        echo "pybuild: build-constraints needs pip 25.3 or newer: set [python] build-base to a newer image" >&2
        exit 1
    fi
fi
code=$({ { pip "$@" 2>&1 || echo "$?" >&3; } | sed $unbuffered "$hide" >&2; } 3>&1)
[ -z "$code" ] || exit "$code"
/venv/bin/python -W ignore /run/pybuild/compile.py /venv/lib /venv/lib
