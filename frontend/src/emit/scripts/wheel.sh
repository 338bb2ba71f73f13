# Builds one wheel from a source archive, a folder or a repository.
# Arguments: the source, and options of pip.
set -e
source=$1
shift
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to build with; set [python] build-base" >&2
    exit 1
}
"$python" -m pip --version >/dev/null 2>&1 || {
    echo "pybuild: this base image has no pip to build wheels with; set [python] build-base" >&2
    exit 1
}
# What pip prints of an address has its user name, password, signature or token.
hide='s#://[^/@[:space:]]*@#://****@#g
s#\(://[^[:space:]]*/\)\([0-9A-Za-z_]\{20,\}\|eyJ[0-9A-Za-z_.-]\{32,\}\)/\(+\{0,1\}simple\)#\1****/\3#g
s#/\(dckr_pat_\|dop_v1_\|gh[oprsu]_\|github_pat_\|gldt-\|glpat-\|hf_\|npm_\|pypi-AgE\)[0-9A-Za-z_-]\{16,\}/#/****/#g
s#\(://[^/[:space:]]*/\(t\|priv\)/\)[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*/#\1****/#g
s#\([?&]\([A-Za-z_-]*[_-]\)\{0,1\}\([Ss]ig\|[Ss]ignature\|[Tt]oken\|[Cc]redential\|[Pp]assword\|[Ss]ecret\|[Aa]pi_\{0,1\}[Kk]ey\|[Aa]uth\)=\)[^&#[:space:]]*#\1****#g'
unbuffered=$(sed -u '' </dev/null 2>/dev/null && echo -u) || unbuffered=
# A pipe has the exit code of its last command alone.
log=/run/pybuild/build.log
{
    code=0
    "$python" -m pip wheel --no-deps --no-input --disable-pip-version-check \
        --wheel-dir /run/pybuild/out "$@" -- "$source" 2>&1 || code=$?
    echo "$code" >"$log.code"
} | sed $unbuffered "$hide" | tee "$log"
code=$(cat "$log.code")
[ "$code" != 0 ] || exit 0
# What is missing is said last, where it is read.
sh /run/pybuild/cause.sh "$log" "$source" || true
exit "$code"
