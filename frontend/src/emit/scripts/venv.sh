set -e
fail() {
    echo "pybuild: $*" >&2
    exit 1
}
python=$(command -v python3 || command -v python) || fail "this base image has no python3"
have=$("$python" -c 'import platform; print(platform.python_version())')
# `3.14t` is the free-threaded build.
want=${1%t}
free=$("$python" -c 'import sysconfig; print("t" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")')
case "$have.:$want$free" in
"$want".*:"${1:-}") ;;
*) [ -z "$1" ] || fail "this base image has Python $have$free, the project asks for $1" ;;
esac
if "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip /venv || fail "the venv module does not work in this base image"
else
    "$python" -m venv /venv || fail "this base image has neither pip nor ensurepip; set [python] build-base"
fi
