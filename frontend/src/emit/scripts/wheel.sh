# Builds one wheel from a source archive, a folder or a repository.
# Argument: the source.
set -e
python=$(command -v python3 || command -v python) || {
    echo "pybuild: this base image has no python3 to build with; set [python] build-base" >&2
    exit 1
}
"$python" -m pip --version >/dev/null 2>&1 || {
    echo "pybuild: this base image has no pip to build wheels with; set [python] build-base" >&2
    exit 1
}
"$python" -m pip wheel --no-deps --no-input --disable-pip-version-check \
    --wheel-dir /run/pybuild/out -- "$@" || code=$?
[ -n "${code:-}" ] || exit 0
# What is missing most often is said last, where it is read.
if ! command -v cc >/dev/null 2>&1 && ! command -v gcc >/dev/null 2>&1; then
    echo "pybuild: there is no C compiler here; if it needs one, name gcc and libc6-dev in [system] build" >&2
fi
if grep -qsE 'setuptools[-_]scm|hatch-vcs|versioningit|pbr|dunamai' "$1/pyproject.toml" "$1/setup.py" "$1/setup.cfg"; then
    if [ ! -e "$1/.git" ]; then
        echo "pybuild: its version comes from git, and .git is hidden: give it as [app] version, or write a .dockerignore that does not name .git" >&2
    fi
    if ! command -v git >/dev/null 2>&1; then
        echo "pybuild: its version comes from git, which is not here: give it as [app] version, or name git in [system] build" >&2
    fi
fi
exit "$code"
