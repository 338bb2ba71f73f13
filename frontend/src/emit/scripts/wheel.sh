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
unbuffered=$(sed -u '' </dev/null 2>/dev/null && echo -u) || unbuffered=
# A pipe has the exit code of its last command alone.
log=/run/pybuild/build.log
{
    code=0
    "$python" -m pip wheel --no-deps --no-input --disable-pip-version-check \
        --wheel-dir /run/pybuild/out "$@" -- "$source" 2>&1 || code=$?
    echo "$code" >"$log.code"
} | sed ${unbuffered:+"$unbuffered"} -f /run/pybuild/hide.sed | tee "$log"
code=$(cat "$log.code")
[ "$code" != 0 ] || exit 0
# What is missing is said last, where it is read.
sh /run/pybuild/cause.sh "$log" "$source" || true
exit "$code"
